import type { Loss } from "./analysis";
import { voters } from "./order";
import { snapshotSchedule } from "./snapshots";
import type { Topology } from "./topology";

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Without a voter a snapshot is all that can be left, and RKE keeps it on the voters' hosts. */
export function snapshotSource(topology: Topology): { words: string; lost: string } {
  const schedule = snapshotSchedule(topology);
  if (schedule === undefined) {
    return {
      words: "nothing: no voter is left, and no snapshots are taken (services.etcd.snapshot: false)",
      lost: "everything: all that the API stored",
    };
  }
  if (!schedule.offSite) {
    return {
      words: `nothing that this topology keeps safe: no voter is left, and RKE's snapshots (each ${schedule.interval}) lie on the lost voters' disks`,
      lost: "everything, unless somebody copied a snapshot elsewhere; with one, all writes since it was taken",
    };
  }
  return {
    words: `the newest snapshot in S3, taken each ${schedule.interval}`,
    lost: `all writes since that snapshot: up to ${schedule.interval}`,
  };
}

/** What would have kept quorum, or at least the data, when a datacenter is lost; the most thorough first. */
export function preventionForSites(topology: Topology, loss: Loss): string[] {
  const counts = topology.datacenters.map((dc) => voters(dc.hosts).length);
  const standby = topology.datacenters.find((dc) => dc.name === topology.standby);
  const result: string[] = [];
  const total = counts.reduce((a, b) => a + b, 0);
  if (topology.datacenters.length === 2) {
    const each = Math.max(1, Math.min(...counts));
    const sites = topology.datacenters.map((dc) => dc.name).join(" and ");
    result.push(
      `a third site with one voter (a witness is enough), and ${plural(each, "voter")} in each of ${sites}: ${each}+${each}+1, so that no single site holds the majority`,
    );
  } else {
    result.push(
      `voters spread so that no datacenter holds more than ${Math.floor((total - 1) / 2)} of ${total} (now ${topology.datacenters.map((dc, i) => `${dc.name}: ${counts[i]}`).join(", ")})`,
    );
  }
  if (loss.votersLeft.length === 0) {
    if (standby && !loss.lost.includes(standby.hosts[0]?.name ?? "")) {
      result.push(
        `a voter in ${standby.name}, or a learner there: then the newest data survives, although writes still stop until a failover`,
      );
    }
    const schedule = snapshotSchedule(topology);
    result.push(
      schedule === undefined
        ? "snapshots (services.etcd.snapshot: true), each 15 minutes say, and to S3 or the other side"
        : `snapshots more often than each ${schedule.interval}${schedule.offSite ? "" : ", and to S3 or the other side (services.etcd.backup_config)"}: what may be lost is that interval`,
    );
  }
  return result;
}
