import { peerUrl } from "../etcd/urls";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { type Difference, differencesFrom } from "../installers/kubeadm/adopt";
import { argument, commandOf, type Process, withArgument, withCommand } from "../runtimes/process";
import { isRunning } from "../runtimes/running";
import { controlPlane, voters } from "../topology/order";
import { inPeace, type Site } from "../topology/site";
import { allHosts, type Host, hasApi, type Topology } from "../topology/topology";
import { problem } from "./verdict";

/**
 * Why the cluster that runs isn't the one that the topology describes, so that it can't be taken over. kubeadm keeps no list of hosts, and an
 * inventory isn't looked at, so the hosts themselves are compared: their manifests, etcd's unit, etcd's members, and the Nodes.
 * @param returning true during a failback: kube-apiservers still ask the members that the failover has left
 */
export function kubeadmClusterProblems(topology: Topology, seen: Observation, returning = false): string[] {
  const site = inPeace(topology);
  return [
    ...site.hosts.flatMap((host) => {
      const facts = factsOf(seen, host);
      return facts
        ? plannedOn(site, host).flatMap(({ process, file }) => {
            const wanted = returning ? withServersOf(site, process, facts.processes[process.name]?.process) : process;
            return processProblems(site, host, wanted, file, facts);
          })
        : [];
    }),
    ...strangeMembers(topology, seen),
    ...nodeProblems(topology, seen),
  ];
}

/** A sentence for each static pod to which something was added; acts keep it. */
export function keptPatches(topology: Topology, seen: Observation): string[] {
  const site = inPeace(topology);
  return site.hosts.flatMap((host) =>
    plannedOn(site, host).flatMap(({ process, file }) => {
      const { added } = compared(process, factsOf(seen, host));
      return added.length === 0
        ? []
        : [
            `${host.name}: ${file} has more than ${installerOf(topology).title} plans from the topology, and keeps it: ${added.join(", ")}`,
          ];
    }),
  );
}

function plannedOn(site: Site, host: Host): { process: Process; file: string }[] {
  const { plannedApiServer, plannedEtcd } = installerOf(site);
  return [
    ...voters([host]).map(() => plannedEtcd(site, host, "")),
    ...controlPlane([host]).map(() => plannedApiServer(site, host, undefined)),
  ].map((process) => ({
    process,
    file:
      process.name === "etcd" && site.etcdUnit !== undefined
        ? site.etcdUnit.envFile
        : `/etc/kubernetes/manifests/${process.name}.yaml`,
  }));
}

/** A planned kube-apiserver with the `--etcd-servers` that it has, if each of them is a member of the topology. */
function withServersOf(site: Site, planned: Process, found: Process | undefined): Process {
  const servers = found && argument(commandOf(found), "etcd-servers");
  const { ownEndpoint } = installerOf(site);
  const known = site.voters.map(ownEndpoint);
  return planned.name === "kube-apiserver" && servers?.split(",").every((url) => known.includes(url))
    ? withCommand(planned, (command) => withArgument(command, "etcd-servers", servers))
    : planned;
}

function compared(planned: Process, facts: Reachable | undefined): Difference {
  const found = facts?.processes[planned.name];
  return isRunning(found) ? differencesFrom(planned, found.process) : { other: [], added: [] };
}

function processProblems(site: Site, host: Host, planned: Process, file: string, facts: Reachable): string[] {
  const { name } = planned;
  const { runtimeOn, title } = installerOf(site);
  const isUnit = file === site.etcdUnit?.envFile;
  if (!isRunning(facts.processes[name])) {
    // of a cluster that was taken over already, the members' conditions say it
    return facts.epoch === 0
      ? [
          problem(
            `${host.name}: ${name} must run: it doesn't`,
            isUnit
              ? `\`${runtimeOn(host).commands.why(name)}\` there says why it doesn't`
              : `\`ls ${file}\` and \`crictl ps -a --name ${name}\` there; \`journalctl -u kubelet\` says why it doesn't start`,
          ),
        ]
      : [];
  }
  const { other } = compared(planned, facts);
  return other.length === 0
    ? []
    : [
        problem(
          `${host.name}: ${file} must be what ${title} plans from the topology (- planned, + running): ${other.join(", ")}`,
          `Correct \`${isUnit ? "etcdUnit" : "kubeadm"}:\` in Pulumi.yaml until both agree`,
          `\`npm run import -- --installer ${site.installer}\` reads it from the cluster (docs/quickstart.md)`,
        ),
      ];
}

function strangeMembers(topology: Topology, seen: Observation): string[] {
  const declared = allHosts(topology).filter((h) => h.etcd !== "none");
  const listed = allHosts(topology).flatMap((h) => factsOf(seen, h)?.members ?? []);
  const strange = listed.filter((m) => !declared.some((h) => m.peerUrls.includes(peerUrl(h))));
  return [...new Map(strange.map((m) => [m.id, m])).values()].map((m) =>
    problem(
      `${m.name || `member ${m.id}`} (${m.peerUrls.join(", ")}): each member of etcd must stand in the topology: it doesn't`,
      "Write its host into Pulumi.yaml, in the datacenter where it stands",
      `If it is gone for good: \`etcdctl member remove ${m.id}\``,
    ),
  );
}

/** Hosts with etcd and nothing else are no Nodes. */
const isNode = (host: Host): boolean => host.roles.some((role) => role !== "etcd");

/** Nodes that the topology lacks: an act would leave their pods where they are, and no guard would ask whether they live. */
function nodeProblems(topology: Topology, seen: Observation): string[] {
  const hosts = allHosts(topology);
  // before the first act only: a failover deletes the Nodes of what it gives up
  const first = hosts.every((h) => (factsOf(seen, h)?.epoch ?? 0) <= 1);
  const nodes = hosts.map((h) => factsOf(seen, h)?.nodes ?? []).find((names) => names.length > 0);
  if (!first || nodes === undefined || !hasApi(topology)) {
    return [];
  }
  return [
    ...nodes
      .filter((name) => !hosts.some((h) => h.name === name))
      .map((name) =>
        problem(
          `Node ${name}: each Node of the cluster must stand in the topology: it doesn't`,
          "Write its host into Pulumi.yaml, under the Node's own name",
          `If it is gone for good: \`kubectl delete node ${name}\``,
        ),
      ),
    ...hosts
      .filter((h) => isNode(h) && !nodes.includes(h.name))
      .map((h) =>
        problem(
          `${h.name}: must be a Node of the cluster under this name: the Nodes are ${nodes.join(", ")}`,
          `Correct its name in Pulumi.yaml; or \`kubeadm join\` it`,
        ),
      ),
  ];
}
