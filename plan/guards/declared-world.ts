import type { FailoverPlan } from "../acts/failover/plan";
import { peerUrl } from "../etcd/urls";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { argument, commandOf } from "../runtimes/process";
import { isRunning } from "../runtimes/running";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { problem } from "./verdict";

/** A member of etcd as a survivor knows it. */
interface Known {
  name: string;
  peerUrls: string[];
  /** The survivor, and where it has it from. */
  by: string;
}

/**
 * Members of etcd that the topology lacks: nobody would ask whether they live, fence them, or refuse their packets, and the majority would be
 * counted without them. So the topology must name them, as lost if they are.
 */
export function undeclaredMembers(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const members = allHosts(topology).filter((h) => h.etcd !== "none");
  const known = new Map(
    plan.survivors
      .flatMap((host) => knownBy(host, plan, seen))
      .filter((m) => !members.some((h) => m.peerUrls.includes(peerUrl(h))))
      .map((m) => [m.peerUrls.join(","), m]),
  );
  return [...known.values()].map((m) => {
    const host = allHosts(topology).find((h) => m.peerUrls.includes(peerUrl(h)));
    return problem(
      `${m.name || "a member"} (${m.peerUrls.join(", ")}): each member of etcd must stand in the topology: Pulumi.yaml ${host ? `has ${host.name} without a part in etcd` : "lacks it"}, ${m.by} has it`,
      host
        ? `Give ${host.name} its part in etcd in Pulumi.yaml (etcd among its roles, or \`etcd: learner\`)`
        : "Write its host into Pulumi.yaml, with the role etcd, in the datacenter where it stands: it counts as lost with that, is asked, fenced and refused like the others",
    );
  });
}

/** etcd's own list if it answers; else `--initial-cluster`, which may be older than that list. */
function knownBy(host: Host, plan: FailoverPlan, seen: Observation): Known[] {
  const facts = factsOf(seen, host);
  if (facts?.peers !== undefined) {
    return facts.peers.map((m) => ({ ...m, by: `etcd on ${host.name}` }));
  }
  const found = facts?.processes.etcd;
  if (plan.stage !== "begins" || plan.resumed || found === undefined) {
    return [];
  }
  const listed = argument(commandOf(found.process), "initial-cluster") ?? "";
  const state = isRunning(found) ? "which doesn't answer" : "which doesn't run";
  return listed
    .split(",")
    .filter((entry) => entry.includes("="))
    .map((entry) => ({
      name: entry.slice(0, entry.indexOf("=")),
      peerUrls: [entry.slice(entry.indexOf("=") + 1)],
      by: `--initial-cluster of etcd on ${host.name}, ${state},`,
    }));
}

/** A sentence for each other host that the cluster knows and the topology lacks: what the act will do to it. */
export function undeclaredHosts(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  if (plan.stage === "over") {
    return [];
  }
  const facts = factsOf(seen, plan.deployHost);
  const declared = (h: { address: string; name: string }) =>
    allHosts(topology).some((own) => own.address === h.address || own.name === h.name);
  const built = (facts?.deploy?.hosts ?? []).filter((h) => !declared(h));
  const listed = installerOf(topology)
    .hostsIn(facts?.deploy?.clusterYml ?? "")
    .filter((h) => !declared(h) && !built.some((b) => b.address === h.address));
  const nodes = new Set(plan.survivors.flatMap((h) => factsOf(seen, h)?.nodes ?? []));
  const named = [...built, ...listed].map((h) => h.name);
  const alone = [...nodes].filter((name) => !named.includes(name) && !allHosts(topology).some((h) => h.name === name));
  const back = "If it is to stay, write it into Pulumi.yaml first";
  return [
    ...built.map(
      (h) =>
        `${h.name} (${h.address}) isn't in Pulumi.yaml, but in what RKE has built, by cluster.rkestate on ${plan.deployHost.name}: \`up\` takes it out of cluster.yml and of that state and deletes its Node; the host itself isn't touched. ${back}`,
    ),
    ...listed.map(
      (h) =>
        `${h.name} (${h.address}) isn't in Pulumi.yaml, but in cluster.yml on ${plan.deployHost.name}: \`up\` takes it out there and does nothing else to it. ${back}`,
    ),
    ...alone.map(
      (name) => `${name} is a Node that neither Pulumi.yaml nor RKE has: \`up\` does nothing to it, and its pods stay`,
    ),
  ];
}
