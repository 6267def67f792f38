import { hasBegun } from "../../etcd/source-record";
import type { Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import { apiPort } from "../../topology/servers";
import { type Host, sshLogin, type Topology } from "../../topology/topology";
import type { FailoverPlan } from "./plan";

/** How etcd comes back: what leads to the running member, last the step that starts it, and what keeps it apart. */
export interface EtcdSteps {
  /** What must be there before `member` begins: a snapshot of another host. */
  brought: Step[];
  member: Step[];
  isolation: Step[];
}

/** The ports that a step tries to reach just before it changes anything: SSH, etcd's client port and the API of each lost host. */
export const lostTargets = (topology: Topology, lostHosts: Host[]): string[] =>
  lostHosts.flatMap((h) =>
    [sshLogin(topology.ssh, h).port, 2379, apiPort(h)].map((port) => `${h.name}=${h.internalAddress}:${port}`),
  );

/**
 * Forces a copy of what the voter has, and looks once more whether the lost side is alive.
 * @param sandbox the body of the container that does so
 */
export function snapshotStep(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps" | "stage">,
  host: Host,
  seen: Observation,
  sandbox: string,
  after: string[],
): Step {
  const { etcdCertificate, ownEndpoint } = installerOf(topology);
  return step("snapshot", host, "EtcdMember", {
    arguments: [etcdCertificate(host), ownEndpoint(host), ...lostTargets(topology, plan.lostHosts)],
    data: sandbox,
    // until the old etcd is set aside, each run takes a new one
    intact: hasBegun(seen, host, plan.settings.epoch),
    after,
    limit: 900,
    words: "copy etcd's data, make the copy a cluster of one (--force-new-cluster, no network), check it",
  });
}
