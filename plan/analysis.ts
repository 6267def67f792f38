import { planFailover } from "./failover";
import { failoverGuards } from "./guards";
import { clusterOrder, controlPlane, voters } from "./order";
import { snapshotSchedule } from "./snapshots";
import { allHosts, type Host, type Topology } from "./topology";

/** What the loss of one host or one datacenter means, in words for a reviewer. */
export interface Loss {
  lost: string[];
  /** Names of voters. */
  votersLeft: string[];
  quorum: "kept" | "lost";
  /** Whether a kube-apiserver is left that an etcd with quorum answers. */
  api: "kept" | "lost";
  /** What recovery would start from. */
  startsFrom: string;
  mayBeLost: string;
  /** What would prevent it, the cheapest first; empty where nothing needs preventing. */
  prevention: string[];
  /** What this program can't do about it yet. */
  cannotYet: string[];
  notes: string[];
}

export interface Analysis {
  voters: string[];
  majority: number;
  /** How many voters can fail, whichever they are. */
  tolerates: number;
  hosts: Record<string, Loss>;
  datacenters: Record<string, Loss>;
}

export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;
const names = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ");
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Quorum, source, loss and prevention for every single host and every datacenter. */
export function analyse(topology: Topology): Analysis {
  const hosts = clusterOrder(topology);
  const members = voters(hosts);
  const majority = majorityOf(members.length);
  return {
    voters: members.map((h) => h.name),
    majority,
    tolerates: members.length - majority,
    hosts: Object.fromEntries(hosts.map((h) => [h.name, lossOfHost(topology, h)])),
    datacenters: Object.fromEntries(topology.datacenters.map((dc) => [dc.name, lossOfDatacenter(topology, dc.name)])),
  };
}

/**
 * Why `pulumi up --stack failover` would refuse the loss of a datacenter, whatever the hosts said; empty where it acts.
 * The guards themselves say it: the analysis can't promise what they refuse.
 */
export function refusals(topology: Topology, lost: string): string[] {
  const nothingSeen = { hosts: {}, answers: [] };
  const plan = planFailover(
    topology,
    { lost, epoch: 2, from: "auto", confirm: undefined, attest: undefined },
    nothingSeen,
  );
  const structural = failoverGuards(topology, plan, nothingSeen).filter(
    (v) => !v.ok && (v.guard === "quorum is lost" || v.guard === "source"),
  );
  const first = structural.find((v) => v.guard === "quorum is lost") ?? structural[0];
  return first ? [first.found] : [];
}

function lossOfDatacenter(topology: Topology, name: string): Loss {
  const gone = clusterOrder(topology).filter((h) => h.datacenter === name);
  const loss = lossOf(topology, gone);
  const left = controlPlane(allHosts(topology).filter((h) => h.datacenter !== name));
  return {
    ...loss,
    prevention: loss.quorum === "kept" ? [] : preventionForSites(topology, loss),
    cannotYet: loss.quorum === "kept" ? [] : refusals(topology, name),
    notes: [
      ...loss.notes,
      ...(left.length === 0 ? [`no control plane host is left outside ${name}: there is no API to bring back`] : []),
      ...(name === topology.standby && loss.quorum === "kept"
        ? ["this is the standby: rke must run from the other deploy host until it is back"]
        : []),
    ],
  };
}

function lossOfHost(topology: Topology, host: Host): Loss {
  const loss = lossOf(topology, [host]);
  const count = voters(allHosts(topology)).length;
  return {
    ...loss,
    prevention:
      loss.quorum === "kept" ? [] : [`three voters instead of ${count}: then any one of them can fail without a stop`],
    cannotYet:
      loss.quorum === "kept"
        ? []
        : [
            `this program gives up whole datacenters only: ${host.name} alone is repaired, or restored with \`rke etcd snapshot-restore\`, by hand`,
          ],
    notes: [...loss.notes, ...hostNotes(topology, host)],
  };
}

/** What a later failover would miss without this host. */
function hostNotes(topology: Topology, host: Host): string[] {
  const dc = topology.datacenters.find((d) => d.name === host.datacenter);
  const others = topology.datacenters.filter((d) => d.name !== host.datacenter);
  const sole = (of: (hosts: Host[]) => Host[]) => of(dc?.hosts ?? []).length === 1 && of([host]).length === 1;
  const helps = others.some((d) => lossOf(topology, d.hosts).quorum === "lost");
  return [
    ...(dc?.deployHost === host.name
      ? [`it is the deploy host of ${dc.name}: while it is gone, rke can't be run from there, nor a failover to there`]
      : []),
    ...(sole(voters) && helps
      ? [`it is the only voter of ${host.datacenter}: lost together with the other side, no voter is left`]
      : []),
    ...(sole(controlPlane) ? [`it is the only control plane host of ${host.datacenter}`] : []),
  ];
}

function lossOf(topology: Topology, gone: Host[]): Loss {
  const isGone = (h: Host) => gone.some((g) => g.name === h.name);
  const members = voters(clusterOrder(topology));
  const left = members.filter((h) => !isGone(h));
  const majority = majorityOf(members.length);
  const quorum = left.length >= majority ? ("kept" as const) : ("lost" as const);
  const servers = controlPlane(allHosts(topology).filter((h) => !isGone(h)));
  const base = {
    lost: gone.map((h) => h.name),
    votersLeft: left.map((h) => h.name),
    quorum,
    api: quorum === "kept" && servers.length > 0 ? ("kept" as const) : ("lost" as const),
    prevention: [],
    cannotYet: [],
    notes: [],
  };
  if (quorum === "kept") {
    const more = left.length - majority;
    return {
      ...base,
      startsFrom:
        left.length === members.length
          ? "nothing to recover: no voter is lost"
          : "nothing to recover: etcd goes on by itself",
      mayBeLost: "nothing",
      notes:
        left.length === members.length
          ? []
          : [more === 0 ? "the next voter that fails stops the cluster" : `${plural(more, "more voter")} can fail`],
    };
  }
  const rest = members.length - left.length;
  if (left.length === 0) {
    const { words, lost } = snapshotSource(topology);
    return { ...base, startsFrom: words, mayBeLost: lost };
  }
  return {
    ...base,
    startsFrom:
      left.length === 1
        ? `the data of ${names(left)}, a voter`
        : `the data of ${names(left)}: whichever has the highest revision`,
    mayBeLost:
      rest >= majority
        ? `writes that ${names(members.filter(isGone))} acknowledged in the last moment, before ${left.length === 1 ? "it" : "one of them"} had them: usually less than a second, more where ${names(left)} lagged behind`
        : `nothing that was acknowledged: each write needed ${majority} of ${members.length} voters, so one at least of ${names(left)} has it`,
  };
}

/** Without a voter a snapshot is all that can be left, and RKE keeps it on the voters' hosts. */
function snapshotSource(topology: Topology): { words: string; lost: string } {
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

function preventionForSites(topology: Topology, loss: Loss): string[] {
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
