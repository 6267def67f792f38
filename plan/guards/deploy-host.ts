import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { isUnreached } from "../facts/trust";
import { installerOf } from "../installers/installers";
import { type Host, sshTarget, type Topology } from "../topology/topology";
import { problem } from "./verdict";

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
    ...(program === undefined || facts.tools.installer ? [] : [installerMissing(host)]),
    ...(missing.length === 0
      ? []
      : [
          problem(
            `${host.name}: /etc/rke-dr must have ${needed.join(", ")}: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`,
            "Copy what is missing there from a backup of /etc/rke-dr, or from another deploy host's",
            "In peace `pulumi up --stack primary` puts it there",
          ),
        ]),
  ];
}

export const installerMissing = (host: Host): string =>
  problem(
    `${host.name}: rke must be on the PATH: missing`,
    "Copy rke, of the topology's rkeVersion, to /usr/local/bin/rke there",
  );

/** The seed's trap: a kubeconfig that points at a dead master. It stops nothing, the act mends it. */
export function deployWords(topology: Topology, plan: FailoverPlan, seen: Observation): string {
  const { deployFiles, program } = installerOf(topology);
  const has = [...(program === undefined ? [] : [program]), ...deployFiles(topology).needed];
  const server = factsOf(seen, plan.deployHost)?.deploy?.server;
  const dead = plan.lostHosts.find((h) => server?.includes(`//${h.address}:`));
  return [
    `${plan.deployHost.name} has ${has.join(", ")}`,
    ...(dead ? [`its kubeconfig points at ${dead.name}, which is lost, and will be mended`] : []),
  ].join("; ");
}

/** USER@HOST:PORT as arguments of ssh. */
const loginOf = (target: string): string => target.replace(/^(.*):(\d+)$/, "-p $2 $1");

export function trustProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const facts = factsOf(seen, plan.deployHost);
  if (!facts) {
    return [];
  }
  return plan.survivors.flatMap((h) => {
    const result = facts.trust[sshTarget(topology, h)];
    if (result !== undefined && isUnreached(result)) {
      return [
        problem(
          `${plan.deployHost.name} to ${h.name}: SSH must reach the host: ${result}`,
          `On ${plan.deployHost.name} try \`ssh -v -i /etc/rke-dr/ssh/id_ed25519 -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts ${loginOf(sshTarget(topology, h))} true\`: a firewall, an sshd that doesn't run, or a host that is too busy to answer`,
          `Once ${h.name} answers that at once, run \`pulumi\` again`,
        ),
      ];
    }
    return result === "ok"
      ? []
      : [
          problem(
            `${plan.deployHost.name} to ${h.name}: its SSH key must open the host: ${result ?? "not tried, it has no key"}`,
            `\`ssh-keygen -y -f /etc/rke-dr/ssh/id_ed25519\` on ${plan.deployHost.name} prints its key: add that to /root/.ssh/authorized_keys on ${h.name}`,
            `If ${h.name} shows another host key: correct /etc/rke-dr/ssh/known_hosts on ${plan.deployHost.name}`,
          ),
        ];
  });
}
