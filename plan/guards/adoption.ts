import type { Failback } from "../acts/failback/failback";
import { architectureSeen } from "../acts/steps/architecture";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { AdoptedCluster } from "../installers/rke/adopted";
import type { Process } from "../runtimes/process";
import { isRunning } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";
import { controlPlane, voters } from "../topology/order";
import { inPeace, type Site } from "../topology/site";
import type { Host, Topology } from "../topology/topology";
import { comparable, settingsThatFit } from "./release-fit";
import { problem } from "./verdict";

/**
 * Why the cluster that runs isn't the one that the topology describes, so that it can't be taken over.
 *
 * @param failback the failback that runs, or has run: the secret may be RKE's state of before it, which lacks the hosts that return. Until it is
 * finished, etcd and kube-apiserver have the failover's arguments, and aren't compared
 */
export function adoptionProblems(
  topology: Topology,
  adopted: AdoptedCluster,
  seen: Observation,
  failback?: Failback,
): string[] {
  const site = inPeace(topology);
  const { hosts } = site;
  const order = hosts.map((h) => h.address);
  const listed = adopted.hosts.filter((a) => order.includes(a));
  const strange = adopted.hosts.filter((a) => !order.includes(a));
  const returned = new Set(failback?.returned.map((h) => h.name));
  const missing = hosts.filter((h) => !adopted.hosts.includes(h.address) && !returned.has(h.name)).map((h) => h.name);
  const wanted = order.filter((a) => adopted.hosts.includes(a));
  return [
    ...strange.map((a) =>
      problem(`rke-dr:adopted: each of its hosts must stand in the topology: ${a}`, `Write ${a} into Pulumi.yaml`),
    ),
    ...missing.map((name) =>
      problem(
        `rke-dr:adopted: must have each host of the topology: it lacks ${name}`,
        `Take ${name} out of Pulumi.yaml; or, if RKE has added it since, set the secret anew: ${secretAnew}`,
      ),
    ),
    ...(strange.length + missing.length === 0 && listed.join() !== wanted.join()
      ? [
          problem(
            `rke-dr:adopted: its hosts must be in the topology's order ${wanted.join(", ")}: ${listed.join(", ")}`,
            "Write `order:` into Pulumi.yaml, with the hosts' names as RKE lists them",
          ),
        ]
      : []),
    ...hosts.flatMap((host) => hostProblems(host, adopted.caSum, seen)),
    ...(failback && !failback.finished ? [] : processesProblems(topology, site, adopted, seen)),
  ];
}

const processesProblems = (topology: Topology, site: Site, adopted: AdoptedCluster, seen: Observation): string[] => [
  ...site.hosts.flatMap((host) => plannedProblems(site, host, seen)),
  ...settingsThatFit(topology, seen).map(({ words: [wrong = "", ...ways] }) =>
    problem(wrong, `${ways.join("; ")} (Pulumi.yaml)`),
  ),
  ...imageProblems(topology, adopted),
];

const secretAnew = "`pulumi config set --secret adopted --stack primary <cluster.rkestate`";
/** Images that RKE took, by its own state, and that the topology doesn't give. */
function imageProblems(topology: Topology, { text }: AdoptedCluster): string[] {
  const other = Object.entries(installerOf(topology).releases?.imagesTaken(topology, text) ?? {});
  return other.length === 0
    ? []
    : [
        problem(
          `rke-dr:adopted: RKE must have taken the images that the topology gives: ${other.map(([, image]) => image).join(", ")}`,
          `If it is right, write into Pulumi.yaml under topology.rke: system_images: {${other.map(([key, image]) => `${key}: ${image}`).join(", ")}}`,
        ),
      ];
}

function hostProblems(host: Host, caSum: string, seen: Observation): string[] {
  const facts = factsOf(seen, host);
  return facts === undefined || facts.caSum === caSum
    ? []
    : [
        problem(
          `${host.name}: its kube-ca must be that of rke-dr:adopted: it is another`,
          `Is it the right host? If so, set the secret anew: ${secretAnew}`,
        ),
      ];
}

function plannedProblems(site: Site, host: Host, seen: Observation): string[] {
  const facts = factsOf(seen, host);
  if (!facts) {
    return [];
  }
  const { plannedApiServer, plannedEtcd, runtimeOn } = installerOf(site);
  const { differs } = runtimeOn(host);
  const api = facts.processes["kube-apiserver"]?.process;
  const planned = [
    ...voters([host]).map(() => plannedEtcd(site, host, architectureSeen(site, seen, host))),
    ...controlPlane([host]).map(() => plannedApiServer(site, host, api)),
  ];
  return planned.flatMap((process) => processProblems(differs, host, process, facts));
}

function processProblems(differs: Runtime["differs"], host: Host, planned: Process, facts: Reachable): string[] {
  const found = facts.processes[planned.name];
  if (!isRunning(found)) {
    // of a cluster that was taken over already, `up` brings a dead member back
    return facts.epoch === 0
      ? [
          problem(
            `${host.name}: ${planned.name} must run: it doesn't`,
            `\`docker start ${planned.name}\` there; \`docker logs --tail 20 ${planned.name}\` says why it ended`,
          ),
        ]
      : [];
  }
  const differences = differs(comparable(planned), comparable(found.process, planned));
  return differences.length === 0
    ? []
    : [
        problem(
          `${host.name}: ${planned.name} must be what RKE would plan from the topology (- planned, + running): ${differences.join(", ")}`,
          "Correct Pulumi.yaml until both agree; or let your own `rke up` change what runs, then set the secret `adopted` anew",
        ),
      ];
}
