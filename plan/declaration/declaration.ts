import { unrecoverable } from "../topology/losses";
import { standbyIsFirst } from "../topology/order";
import { allHosts, type Topology } from "../topology/topology";
import { crossCheck } from "./checks";
import { draftProblems } from "./draft";
import { installerWarnings, ofInstaller } from "./installers";
import { describeIssue, TopologyError } from "./problems";

export { TopologyError } from "./problems";

/**
 * Reads a topology as it stands in Pulumi.yaml.
 * @throws TopologyError that lists all problems at once
 */
export function parseTopology(value: unknown): Topology {
  const { own, problems: foreign, schema } = ofInstaller(value);
  const parsed = schema.safeParse(own, { reportInput: true });
  if (!parsed.success) {
    const { issues } = parsed.error;
    throw new TopologyError([...foreign, ...issues.flatMap(describeIssue), ...draftProblems(own, issues)]);
  }
  const topology: Topology = {
    ...parsed.data,
    datacenters: parsed.data.datacenters.map((dc) => ({
      ...dc,
      deployHost: dc.deployHost,
      hosts: dc.hosts.map((h) => ({
        ...h,
        internalAddress: h.internalAddress ?? h.address,
        etcd: h.etcd ?? (h.roles.includes("etcd") ? "voter" : "none"),
        datacenter: dc.name,
      })),
    })),
  };
  const problems = [...foreign, ...crossCheck(topology)];
  if (problems.length > 0) {
    throw new TopologyError(problems);
  }
  return topology;
}

/** Things that work and deserve a second look, one sentence each. */
export function warnings(topology: Topology): string[] {
  const voters = allHosts(topology).filter((h) => h.etcd === "voter");
  const unpinned = allHosts(topology).filter((h) => h.hostKey === "unpinned");
  const result: string[] = [];
  if (voters.length % 2 === 0) {
    result.push(`${voters.length} voters tolerate no more failures than ${voters.length - 1}, and one more can fail`);
  }
  result.push(...installerWarnings(topology));
  if (topology.order && !standbyIsFirst(topology)) {
    result.push(
      `order: ${topology.standby}'s hosts don't come first in cluster.yml, so \`rke up\` after a failover issues the API server's certificate anew and restarts etcd and the control plane; without the key that happens once, in peace`,
    );
  }
  result.push(...unrecoverable(topology), ...bastionWarnings(topology));
  if (unpinned.length > 0) {
    result.push(`SSH host keys are not checked for ${unpinned.map((h) => h.name).join(", ")} (hostKey: unpinned)`);
  }
  return result;
}

function bastionWarnings(topology: Topology): string[] {
  const { bastion } = topology.ssh;
  if (!bastion) {
    return [];
  }
  const host = allHosts(topology).find((h) => [h.name, h.address, h.internalAddress].includes(bastion.host));
  return [
    "ssh.bastion: the record kube-system/rke-dr isn't written, since the operator reaches no API",
    ...(host
      ? [`ssh.bastion is ${host.name} of datacenter ${host.datacenter}: with it goes the way to all others`]
      : []),
    ...(bastion.hostKey === "unpinned" ? ["ssh.bastion: its host key is not checked (hostKey: unpinned)"] : []),
  ];
}
