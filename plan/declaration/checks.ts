import { allHosts, type Datacenter, findDatacenter, type Host, sites, type Topology } from "../topology/topology";
import { isIp } from "../values/addresses";
import { suggestion } from "../values/nearest";
import { installerProblems } from "./installers";
import { hasExternalEtcd } from "./kubeadm";

/**
 * Checks that the schema can't make: duplicates, references and parts that exclude each other. Returns every problem, as
 * `item: rule: value`. Without `hasVersion`, checks that depend on the version of Kubernetes are left out.
 */
export function crossCheck(topology: Topology, hasVersion = true): string[] {
  return [...present(topology, hasVersion), ...absent(topology)];
}

/** Problems of the keys that are present. */
export function present(topology: Topology, hasVersion: boolean): string[] {
  return [
    ...duplicates(topology),
    ...topology.datacenters.flatMap((dc, i) => [
      ...datacenterProblems(dc, `topology.datacenters[${i}]`),
      ...dc.hosts.flatMap((h, j) => hostProblems(h, `topology.datacenters[${i}].hosts[${j}]`)),
    ]),
    ...standbyProblems(topology),
    ...learnerProblems(topology),
    ...orderProblems(topology),
    ...unknownHosts(topology, "fence", Object.keys(topology.fence)),
    ...unknownHosts(topology, "fenceTest", Object.keys(topology.fenceTest)),
    ...installerProblems(topology, hasVersion),
  ];
}

/** Problems of missing parts. */
function absent(topology: Topology): string[] {
  const standby = findDatacenter(topology, topology.standby);
  const hasControlPlane =
    !standby ||
    standby.witness ||
    topology.installer === "unit" ||
    standby.hosts.some((h) => h.roles.includes("controlplane"));
  const names = sites(topology).map((dc) => dc.name);
  const hosts = allHosts(topology);
  const unordered = hosts.flatMap((h) => (topology.order?.includes(h.name) === false ? [h.name] : []));
  return [
    ...(hasControlPlane ? [] : [`topology.standby: has no control plane host: ${JSON.stringify(topology.standby)}`]),
    ...(names.length < 2
      ? [`topology.datacenters: needs two datacenters besides witnesses: ${JSON.stringify(names)}`]
      : []),
    ...(hosts.some((h) => h.etcd === "voter") || hasExternalEtcd(topology)
      ? []
      : ["topology.datacenters: no host has the role etcd: []"]),
    ...(unordered.length > 0
      ? [`topology.order: doesn't name every host: ${JSON.stringify(unordered)} are missing`]
      : []),
  ];
}

function duplicates(topology: Topology): string[] {
  const hosts = allHosts(topology);
  const once = (what: string, values: string[]) =>
    repeated(values).map((value) => `topology.datacenters: ${what} is used twice: ${JSON.stringify(value)}`);
  return [
    ...once(
      "a datacenter's name",
      topology.datacenters.map((dc) => dc.name),
    ),
    ...once(
      "a host's name",
      hosts.map((h) => h.name),
    ),
    ...once(
      "an address",
      hosts.flatMap((h) => [...new Set([h.address, h.internalAddress])]),
    ),
  ];
}

const repeated = (values: string[]): string[] => [...new Set(values.filter((v, i) => values.indexOf(v) !== i))];

function datacenterProblems(dc: Datacenter, item: string): string[] {
  if (dc.witness) {
    const others = dc.hosts.filter((h) => h.roles.join() !== "etcd").map((h) => h.name);
    return [
      ...(dc.deployHost === undefined
        ? []
        : [`${item}.deployHost: a witness has none, no failover goes there: ${JSON.stringify(dc.deployHost)}`]),
      ...(others.length === 0
        ? []
        : [`${item}.witness: hosts of a witness have the role etcd and no other: ${JSON.stringify(others)}`]),
    ];
  }
  if (dc.deployHost === undefined) {
    return [`${item}.deployHost: is missing, each datacenter but a witness has one: nothing`];
  }
  const names = dc.hosts.map((h) => h.name);
  return names.includes(dc.deployHost)
    ? []
    : [
        `${item}.deployHost: is not a host of datacenter ${dc.name} (${suggestion(dc.deployHost, names)}): ${JSON.stringify(dc.deployHost)}`,
      ];
}

function hostProblems(host: Host, item: string): string[] {
  const problems: string[] = [];
  if (new Set(host.roles).size !== host.roles.length) {
    problems.push(`${item}.roles: names a role twice: ${JSON.stringify(host.roles)}`);
  }
  if ((host.etcd === "voter") !== host.roles.includes("etcd")) {
    problems.push(
      `${item}.etcd: a voter has the role etcd and nobody else has (RKE makes a voter of each host with it): ${JSON.stringify(host.etcd)}`,
    );
  }
  // RKE takes a name in a certificate for a DNS name as long as its host is listed, and for an address afterwards
  if (isIp(host.name) && host.name !== host.address) {
    problems.push(
      `${item}.name: is an address, but not the host's own (${host.address}): ${JSON.stringify(host.name)}`,
    );
  }
  return problems;
}

function standbyProblems(topology: Topology): string[] {
  const given = JSON.stringify(topology.standby);
  const standby = findDatacenter(topology, topology.standby);
  if (!standby) {
    const names = topology.datacenters.map((dc) => dc.name);
    return names.length === 0
      ? []
      : [`topology.standby: is not one of the datacenters (${suggestion(topology.standby, names)}): ${given}`];
  }
  return standby.witness ? [`topology.standby: is a witness, which can't take over: ${given}`] : [];
}

function learnerProblems(topology: Topology): string[] {
  const learners = allHosts(topology).flatMap((h) => (h.etcd === "learner" ? [h.name] : []));
  return learners.length < 2
    ? []
    : [`topology.datacenters: etcd takes one learner at a time: ${JSON.stringify(learners)}`];
}

function orderProblems(topology: Topology): string[] {
  const { order = [] } = topology;
  return [
    ...unknownHosts(topology, "order", order),
    ...repeated(order).map((name) => `topology.order: names a host twice: ${JSON.stringify(name)}`),
  ];
}

function unknownHosts(topology: Topology, item: string, given: string[]): string[] {
  const names = allHosts(topology).map((h) => h.name);
  return given
    .filter((name) => !names.includes(name))
    .map((name) => `topology.${item}: is not a host (${suggestion(name, names)}): ${JSON.stringify(name)}`);
}
