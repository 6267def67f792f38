import { snapshotSchedule } from "../installers/rke/recurring-snapshots";
import { learner, voters } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";
import { durationSeconds } from "../values/duration";
import { noSnapshots, thirdSite } from "./installers";
import type { Loss } from "./loss";

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The source if neither a voter nor a learner survives: a snapshot, if any. RKE keeps its own snapshots on the voters' hosts. */
export function snapshotSource(topology: Topology): Pick<Loss, "startsFrom" | "mayBeLost" | "mayBeLostSeconds"> {
  const own = topology.etcd.snapshots;
  if (own) {
    return {
      startsFrom: `the newest scheduled snapshot on a deploy host that is left, taken each ${own.every}`,
      mayBeLost: `all writes since that snapshot: up to ${own.every}, more where the last one failed`,
      mayBeLostSeconds: durationSeconds(own.every),
    };
  }
  const schedule = snapshotSchedule(topology);
  if (schedule === undefined) {
    return {
      startsFrom: `nothing: no voter is left, and ${noSnapshots(topology)}`,
      mayBeLost: "everything: all that the API stored",
      mayBeLostSeconds: Number.POSITIVE_INFINITY,
    };
  }
  if (!schedule.offSite) {
    return {
      startsFrom: `nothing that this topology keeps safe: no voter is left, and RKE's snapshots (each ${schedule.interval}) lie on the lost voters' disks`,
      mayBeLost: "everything, unless somebody copied a snapshot elsewhere; with one, all writes since it was taken",
      mayBeLostSeconds: Number.POSITIVE_INFINITY,
    };
  }
  return {
    startsFrom: `the newest snapshot in S3, taken each ${schedule.interval}`,
    mayBeLost: `all writes since that snapshot: up to ${schedule.interval}`,
    mayBeLostSeconds: schedule.seconds,
  };
}

/** Changes that keep quorum, or at least the data, at the loss of a datacenter; the most thorough first. */
export function preventionForSites(topology: Topology, loss: Loss): string[] {
  const hasLearner = learner(allHosts(topology).filter((h) => !loss.lost.includes(h.name))) !== undefined;
  const counts = topology.datacenters.map((dc) => voters(dc.hosts).length);
  const standby = topology.datacenters.find((dc) => dc.name === topology.standby);
  const result: string[] = [];
  const total = counts.reduce((a, b) => a + b, 0);
  if (topology.datacenters.length === 2) {
    const each = Math.max(1, Math.min(...counts));
    const sites = topology.datacenters.map((dc) => dc.name).join(" and ");
    result.push(
      `a third site with one voter (${thirdSite(topology)}), and ${plural(each, "voter")} in each of ${sites}: ${each}+${each}+1, so that no single site holds the majority`,
    );
  } else {
    result.push(
      `voters spread so that no datacenter holds more than ${Math.floor((total - 1) / 2)} of ${total} (now ${topology.datacenters.map((dc, i) => `${dc.name}: ${counts[i]}`).join(", ")})`,
    );
  }
  if (loss.votersLeft.length === 0) {
    if (standby && !hasLearner && !loss.lost.includes(standby.hosts[0]?.name ?? "")) {
      result.push(
        `a voter in ${standby.name}, or a learner there: then the newest data survives, although writes still stop until a failover`,
      );
    }
    result.push(...snapshotsInstead(topology));
  }
  return result;
}

function snapshotsInstead(topology: Topology): string[] {
  const own = topology.etcd.snapshots;
  if (learner(allHosts(topology)) && own) {
    return [];
  }
  return [
    own
      ? `scheduled snapshots more often than each ${own.every} (etcd.snapshots.every): what may be lost is that interval`
      : "scheduled snapshots (etcd.snapshots), each 15 minutes say: every deploy host keeps them, so the newest outlives either side; what may be lost is that interval",
  ];
}
