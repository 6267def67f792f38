import { planFailover } from "../acts/failover/failover";
import { majorityOf } from "../etcd/quorum";
import type { Observation } from "../facts/observation";
import { failoverGuards } from "../guards/failover";
import { certificates } from "../installers/rke/certificates";
import { snapshotSchedule } from "../installers/rke/recurring-snapshots";
import { clusterOrder, controlPlane, learner, voters } from "../topology/order";
import { afterLoss, inPeace, type Site } from "../topology/site";
import { type Host, hasApi, type Topology } from "../topology/topology";
import { deployHostNote, endpointNotes, noSnapshots, otherRefusals, restoredByHand } from "./installers";
import type { Loss } from "./loss";
import { preventionForSites, snapshotSource } from "./prevention";

export interface Analysis {
  voters: string[];
  majority: number;
  /** How many voters can fail, whichever they are. */
  tolerates: number;
  hosts: Record<string, Loss>;
  datacenters: Record<string, Loss>;
}

const names = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ");

/** The voters and the control plane hosts: few, however many hosts there are. */
interface Deciding {
  members: Host[];
  servers: Host[];
}

/** Quorum, source, loss and prevention for every single host and every datacenter. */
export function analyse(topology: Topology): Analysis {
  const hosts = clusterOrder(topology);
  const members = voters(hosts);
  const deciding = { members, servers: controlPlane(hosts) };
  const majority = majorityOf(members.length);
  return {
    voters: members.map((h) => h.name),
    majority,
    tolerates: members.length - majority,
    hosts: Object.fromEntries(hosts.map((h) => [h.name, lossOfHost(topology, deciding, h)])),
    datacenters: Object.fromEntries(
      topology.datacenters.map((dc) => [dc.name, lossOfDatacenter(topology, deciding, dc.name)]),
    ),
  };
}

/** A rendering and its analysis follow from the topology alone. */
export const nothingSeen: Observation = { hosts: {}, answers: [], at: 0 };

/**
 * Why `pulumi up --stack failover` would refuse the loss of a datacenter by the topology alone; empty if it would act.
 * The guards themselves say it: the analysis can't promise what they refuse.
 */
export function refusals(topology: Topology, lost: string): string[] {
  if (topology.installer !== "rke") {
    return otherRefusals(topology, lost);
  }
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

function lossOfDatacenter(topology: Topology, deciding: Deciding, name: string): Loss {
  const gone = clusterOrder(topology).filter((h) => h.datacenter === name);
  const loss = lossOf(topology, deciding, gone);
  const left = deciding.servers.filter((h) => h.datacenter !== name);
  return {
    ...loss,
    prevention: loss.quorum === "kept" ? [] : preventionForSites(topology, loss),
    cannotYet: loss.quorum === "kept" ? [] : refusals(topology, name),
    notes: [
      ...loss.notes,
      ...(topology.datacenters.some((dc) => dc.name === name && dc.witness)
        ? ["it is a witness: nothing but its vote is lost"]
        : []),
      ...(left.length === 0 && hasApi(topology)
        ? [`no control plane host is left outside ${name}: there is no API to bring back`]
        : []),
      ...(name === topology.standby && loss.quorum === "kept" && topology.installer === "rke"
        ? ["this is the standby: rke must run from the other deploy host until it is back"]
        : []),
      ...(loss.quorum === "lost" && topology.installer === "rke" && !sameApiNames(topology, name)
        ? [orderNote(topology, name)]
        : []),
      ...endpointNotes(topology, gone),
    ],
  };
}

/** True if the API server's certificate has the same names in the same order after the loss of a datacenter. */
function sameApiNames(topology: Topology, lost: string): boolean {
  const names = (site: Site) => {
    const api = certificates(site).find((c) => c.name === "kube-apiserver");
    return [api?.dnsNames, api?.ipAddresses].flat().join();
  };
  return names(inPeace(topology)) === names(afterLoss(topology, lost, undefined));
}

function orderNote(topology: Topology, lost: string): string {
  const others = topology.datacenters.filter((dc) => dc.name !== lost).map((dc) => dc.name);
  const advice = lost === topology.standby ? `; \`standby: ${others[0]}\` avoids that` : "";
  return `its hosts don't come last in cluster.yml, so a failover changes the order of names in the API server's certificate: \`rke up\` issues it anew and restarts etcd and the control plane${advice}`;
}

function lossOfHost(topology: Topology, deciding: Deciding, host: Host): Loss {
  const loss = lossOf(topology, deciding, [host]);
  const count = deciding.members.length;
  return {
    ...loss,
    prevention:
      loss.quorum === "kept" ? [] : [`three voters instead of ${count}: then any one of them can fail without a stop`],
    cannotYet:
      loss.quorum === "kept"
        ? []
        : [
            `this program gives up whole datacenters only: ${host.name} alone is repaired, or restored with ${restoredByHand(topology)}, by hand`,
          ],
    notes: [...loss.notes, ...hostNotes(topology, deciding, host), ...endpointNotes(topology, [host])],
  };
}

/** A sentence for each thing that a failover would lack if this host were lost before it. */
function hostNotes(topology: Topology, deciding: Deciding, host: Host): string[] {
  const dc = topology.datacenters.find((d) => d.name === host.datacenter);
  const others = topology.datacenters.filter((d) => d.name !== host.datacenter);
  const sole = (of: (hosts: Host[]) => Host[]) => of([host]).length === 1 && of(dc?.hosts ?? []).length === 1;
  const helps = () => others.some((d) => lossOf(topology, deciding, d.hosts).quorum === "lost");
  return [
    ...(dc?.deployHost === host.name ? [deployHostNote(topology, dc.name)] : []),
    ...(sole(voters) && helps()
      ? [`it is the only voter of ${host.datacenter}: lost together with the other side, no voter is left`]
      : []),
    ...(host.etcd === "learner" && helps()
      ? ["it is the learner: while it is gone, a loss of the voters' side leaves no newer data than a snapshot's"]
      : []),
    ...(sole(controlPlane) ? [`it is the only control plane host of ${host.datacenter}`] : []),
  ];
}

function lossOf(topology: Topology, { members, servers: all }: Deciding, gone: Host[]): Loss {
  const lost = new Set(gone.map((h) => h.name));
  const isGone = (h: Host) => lost.has(h.name);
  const left = members.filter((h) => !isGone(h));
  const majority = majorityOf(members.length);
  const quorum = left.length >= majority ? ("kept" as const) : ("lost" as const);
  const servers = all.filter((h) => !isGone(h));
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
      mayBeLostSeconds: 0,
      notes:
        left.length === members.length
          ? []
          : [more === 0 ? "the next voter that fails stops the cluster" : `${more} more can fail`],
    };
  }
  const rest = members.length - left.length;
  if (left.length === 0) {
    const follower = learner(clusterOrder(topology).filter((h) => !isGone(h)));
    return { ...base, ...(follower ? learnerSource(follower) : snapshotSource(topology)) };
  }
  const mayLag = rest >= majority;
  return {
    ...base,
    notes:
      left.length === 1 && snapshotSchedule(topology) === undefined && topology.etcd.snapshots === undefined
        ? [`${names(left)} holds the only copy: ${noSnapshots(topology)}`]
        : [],
    startsFrom:
      left.length === 1
        ? `the data of ${names(left)}, a voter`
        : `the data of ${names(left)}: whichever has the newest entry; the others join it anew`,
    mayBeLost: mayLag
      ? `writes that ${names(members.filter(isGone))} acknowledged in the last moment, before ${left.length === 1 ? "it" : "one of them"} had them: usually less than a second, more where ${names(left)} lagged behind`
      : `nothing that was acknowledged: each write needed ${majority} of ${members.length} voters, so one at least of ${names(left)} has it`,
    mayBeLostSeconds: mayLag ? 1 : 0,
  };
}

const learnerSource = (follower: Host): Pick<Loss, "startsFrom" | "mayBeLost" | "mayBeLostSeconds"> => ({
  startsFrom: `the data of ${follower.name}, a learner: it is restored as a new cluster (etcd refuses to force one on a learner)`,
  mayBeLost: `writes that the voters acknowledged in the last moment, before ${follower.name} had them: no write waits for a learner; usually less than a second, more where it lagged behind`,
  mayBeLostSeconds: 1,
});
