import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { sshTarget, type Topology } from "../topology/topology";

export function deployProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.deployHost;
  const facts = factsOf(seen, host);
  if (!facts) {
    return [];
  }
  const { deployFiles, program } = installerOf(topology);
  const { needed } = deployFiles(topology);
  const missing = needed.filter((file) => !facts.deploy?.files.includes(file));
  return [
    ...(program === undefined || facts.tools.installer ? [] : [`${host.name}: rke is not on the PATH`]),
    ...missing.map(
      (file) => `${host.name}: /etc/rke-dr/${file} is missing; \`pulumi up --stack primary\` puts it there`,
    ),
  ];
}

/** The seed's trap: a kubeconfig that points at a dead master. It stops nothing, the act mends it. */
export function deployWords(plan: FailoverPlan, seen: Observation): string {
  const server = factsOf(seen, plan.deployHost)?.deploy?.server;
  const dead = plan.lostHosts.find((h) => server?.includes(`//${h.address}:`));
  return [
    `${plan.deployHost.name} has rke, cluster.rkestate, certificates and an SSH key`,
    ...(dead ? [`its kubeconfig points at ${dead.name}, which is lost, and will be mended`] : []),
  ].join("; ");
}

export function trustProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const facts = factsOf(seen, plan.deployHost);
  if (!facts) {
    return [];
  }
  return plan.survivors.flatMap((h) => {
    const result = facts.trust[sshTarget(topology, h)];
    return result === "ok" ? [] : [`${plan.deployHost.name} to ${h.name}: ${result ?? "not tried, it has no key"}`];
  });
}
