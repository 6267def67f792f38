import type { Source } from "../../etcd/source";
import { hasBegun } from "../../etcd/source-record";
import { leastRevision } from "../../etcd/sources";
import { peerUrl } from "../../etcd/urls";
import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { step, stepNames } from "../../steps/steps";
import type { Site } from "../../topology/site";
import { allHosts, type Topology } from "../../topology/topology";
import { original, type Replacement, runs } from "../steps/replacement";
import { bringSteps } from "./bring";
import { replaying } from "./etcd-sandbox";
import { isolationStands, refusedAddresses } from "./isolation";
import type { FailoverPlan } from "./plan";
import { type EtcdSteps, lostTargets } from "./source-step";

/**
 * The token for `snapshot restore`, which decides the new cluster's ID; the container keeps RKE's arguments. RKE's own token is
 * the same in every cluster: with it, a restore on a host that bootstrapped the cluster would give the old ID again, and the
 * new etcd would accept its old peers.
 */
export const restoreToken = (topology: Topology, epoch: number): string => `rke-dr-${topology.cluster}-epoch-${epoch}`;

/** How far the restored revision is put ahead, so that no client's old revision lies in the future (etcd's own example). */
const bump = 1_000_000_000;

/** etcd by `snapshot restore`, isolated from the lost side: the last step but `isolate` starts it. */
export function restoreSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps" | "stage">,
  etcd: Replacement,
  source: Source,
  seen: Observation,
  after: string[],
): EtcdSteps {
  const { host } = etcd;
  const { etcdCertificate, memberName, ownEndpoint, title } = installerOf(topology);
  const { lostHosts, settings } = plan;
  const addresses = refusedAddresses(lostHosts);
  const image = etcd.after.image;
  const as = [memberName(host), peerUrl(host), restoreToken(topology, settings.epoch), String(bump)];
  const brought = bringSteps(topology, plan, source, seen, after);
  const ready = [...after, ...stepNames(brought)];
  const secured = step("source", host, "EtcdMember", {
    arguments: [
      source.take,
      image,
      peersBefore(topology, plan.site).join(","),
      String(leastRevision(plan)),
      ...as,
      ...lostTargets(topology, lostHosts),
    ],
    data: source.kind === "snapshot" ? "" : replayBody(topology, etcd, seen, settings.epoch),
    // until the old etcd is set aside, each run secures it anew
    intact: hasBegun(seen, host, settings.epoch),
    after: ready,
    limit: 900,
    words: `secure ${words(source)}${source.kind === "snapshot" ? "" : ", with what only its WAL has"}, check it, restore it into a folder beside etcd's data`,
  });
  const restore = step("etcd-restore", host, "EtcdMember", {
    arguments: [etcdCertificate(host), `${ownEndpoint(host)}/health`, image, ...as, ...addresses],
    data: etcd.body,
    after: [secured.name, ...ready],
    beside: [secured.name],
    limit: secured.limit + 900,
    words: `refuse the lost hosts at etcd's ports, set the old etcd and its data aside, put the restored data in its place, start etcd as ${title} would`,
    intact: runs(factsOf(seen, host), etcd),
  });
  const isolation = step("isolate", host, "EtcdMember", {
    arguments: addresses,
    after: [restore.name],
    words: `refuse ${addresses.join(", ")} at etcd's ports 2379 and 2380, after reboots too, until failback`,
    intact: isolationStands(factsOf(seen, host), lostHosts),
  });
  return { brought, member: [secured, restore], isolation: [isolation] };
}

/** Peer URLs of every voter that the source may know: those of the topology, and the member-to-be. */
const peersBefore = (topology: Topology, { voters }: Site): string[] =>
  allHosts(topology)
    .filter((h) => h.etcd === "voter" || voters.some((v) => v.name === h.name))
    .map(peerUrl);

/** Of a container that applies what only the WAL of a member's data has, before that is restored from. */
function replayBody(topology: Topology, { host, after }: Replacement, seen: Observation, epoch: number): string {
  const base = original(factsOf(seen, host), "etcd", epoch);
  const { dataInside, runtimeOn } = installerOf(topology);
  return runtimeOn(host).spec(replaying(after, epoch, dataInside), epoch, { base, once: true, isolated: true });
}

const words = (source: Source): string =>
  source.kind === "snapshot" ? `snapshot ${source.name}` : `the ${source.kind}'s data`;
