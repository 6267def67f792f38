import {
  memberName,
  peerUrl,
  placeholders,
  settingOn,
  unitOn,
  unknownPlaceholders,
} from "../installers/etcd-unit/settings";
import { envFileProblems } from "../runtimes/systemd/env-file";
import { givenTwice } from "../runtimes/systemd/systemd";
import { wrapperIn } from "../runtimes/systemd/unit";
import { voters } from "../topology/order";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { suggestion } from "../values/nearest";

/** Problems of a topology whose etcd is a unit of systemd, each as `item: rule: value`. */
export function etcdUnitProblems(topology: Topology): string[] {
  const { etcdUnit } = topology;
  if (!etcdUnit) {
    return [];
  }
  const members = allHosts(topology).filter((h) => h.etcd !== "none");
  const names = members.map(memberName);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  const texts = textProblems(etcdUnit, "topology.etcdUnit");
  return [
    ...texts,
    ...twice.map((name) => `topology.datacenters: the name of a member of etcd is used twice: ${JSON.stringify(name)}`),
    ...topology.datacenters.flatMap((dc, i) =>
      dc.hosts.flatMap((host, j) =>
        hostProblems(topology, host, `topology.datacenters[${i}].hosts[${j}]`, texts.length > 0),
      ),
    ),
  ];
}

const textProblems = (
  { env, arguments: args = [] }: { env?: string; arguments?: string[] },
  item: string,
): string[] => [
  ...(env === undefined ? [] : envFileProblems(env, `${item}.env`)),
  ...[env ?? "", ...args]
    .flatMap(unknownPlaceholders)
    .map(
      (word) =>
        `${item}: a word in braces is none that stands for a host's own value (${suggestion(word, [...placeholders])}): {${word}}`,
    ),
];

function hostProblems(topology: Topology, host: Host, item: string, isUnread: boolean): string[] {
  if (host.etcd === "learner") {
    return [`${item}.etcd: a learner of an etcd that is a unit isn't built: "learner"`];
  }
  if (host.etcd === "none") {
    return host.etcdUnit === undefined
      ? []
      : [`${item}.etcdUnit: only hosts with the role etcd have it: ${JSON.stringify(Object.keys(host.etcdUnit))}`];
  }
  const own = textProblems(host.etcdUnit ?? {}, `${item}.etcdUnit`);
  if (isUnread || own.length > 0) {
    return own;
  }
  const wanted: [string, string][] = [
    ["name", memberName(host)],
    ["initial-advertise-peer-urls", peerUrl(host)],
  ];
  return [
    ...givenTwice(unitOn(topology, host, voters(allHosts(topology)))).map(
      (name) => `${item}: a flag stands in ExecStart= and in the file of settings, so etcd ends at once: ${name}`,
    ),
    ...wanted.flatMap(([flag, value]) => {
      const set = settingOn(topology, host, flag);
      return set?.split(",").includes(value)
        ? []
        : [`${item}: etcd's ${flag} must be ${value}, by the host's entry here: ${JSON.stringify(set ?? "nothing")}`];
    }),
  ];
}

/** Settings that acts of etcd's unit know no other value of; each refused act names the setting. */
export function etcdUnitActProblems(topology: Topology): string[] {
  const hosts = allHosts(topology).filter((h) => h.etcd !== "none");
  const { envFile = "/etc/etcd.env", program = "", unit = "" } = topology.etcdUnit ?? {};
  const wrapper = wrapperIn(unit, [program]);
  return [
    ...(wrapper === undefined
      ? []
      : [
          `topology.etcdUnit.unit: acts know a unit that starts etcd itself, not a container or a shell, render and import any: ${wrapper}`,
        ]),
    ...(envFile === "/etc/etcd.env"
      ? []
      : [`topology.etcdUnit.envFile: acts know /etc/etcd.env alone, render and import any: ${envFile}`]),
    ...hosts.flatMap((host) => hostActProblems(topology, host)),
  ];
}

function hostActProblems(topology: Topology, host: Host): string[] {
  const known: [string, string | undefined, string][] = [
    ["data-dir", "/var/lib/etcd", "acts know /var/lib/etcd alone"],
    ["wal-dir", undefined, "acts know a WAL within data-dir alone"],
    ["initial-advertise-peer-urls", peerUrl(host), "acts know one URL of a member alone"],
  ];
  const named: [string, string][] = [
    ["peer-cert-file", "acts ask etcd's peers with a certificate"],
    ["trusted-ca-file", "acts ask etcd with a certificate"],
  ];
  return [
    ...known
      .map(([flag, value, rule]) => ({ flag, value, rule, set: settingOn(topology, host, flag) }))
      .filter(({ value, set }) => set !== value)
      .map(
        ({ flag, rule, set }) =>
          `topology.etcdUnit: ${host.name}: ${flag}: ${rule}, render and import any: ${set ?? "nothing"}`,
      ),
    ...named
      .filter(([flag]) => settingOn(topology, host, flag) === undefined)
      .map(([flag, rule]) => `topology.etcdUnit: ${host.name}: ${flag}: ${rule}: nothing`),
  ];
}

/**
 * The topology's own keys with etcd.external of kubeadm filled in: the members' URLs, in the topology's order. Values that can't be read are
 * left to the schema.
 */
export function withExternalEtcd(own: Mapping): Mapping {
  const kubeadm = mapping(own.kubeadm);
  const etcd = mapping(kubeadm.etcd);
  const given = mapping(etcd.external);
  const datacenters = Array.isArray(own.datacenters) ? own.datacenters.filter(isMapping) : [];
  const hosts = datacenters.flatMap((dc) => (Array.isArray(dc.hosts) ? dc.hosts.filter(isMapping) : []));
  const endpoints = hosts
    .filter((h) => Array.isArray(h.roles) && h.roles.includes("etcd"))
    .map((h) => String(h.internalAddress ?? h.address))
    .map((address) => `https://${address.includes(":") ? `[${address}]` : address}:2379`);
  return { ...own, kubeadm: { ...kubeadm, etcd: { ...etcd, external: { endpoints, ...given } } } };
}
