import { z } from "zod";
import { usualPki } from "../installers/etcd-unit/installers";
import { knownMinors, minorOf } from "../installers/kubeadm/versions";
import { dualStackProblems } from "../installers/rke/dual-stack";
import { etcdProblems } from "../installers/rke/etcd-problems";
import { rkeProblems } from "../installers/rke/modelled-keys";
import { releaseProblems } from "../installers/rke/releases/problems";
import { etcdUnitSchema } from "../topology/etcd-unit-schema";
import { datacenterSchema, hostSchema, topologySchema } from "../topology/schema";
import type { Topology } from "../topology/topology";
import { isIp } from "../values/addresses";
import { isMapping, type Mapping } from "../values/mapping";
import { etcdUnitActProblems, etcdUnitProblems, withExternalEtcd } from "./etcd-unit";
import { hasExternalEtcd, kubeadmProblems, kubeadmWarnings } from "./kubeadm";

export type Installer = Topology["installer"];

/** Keys of RKE alone. */
const keysOfRke = [
  "pki",
  "serviceCidr",
  "clusterDomain",
  "etcd.version",
  "etcd.heartbeatInterval",
  "etcd.electionTimeout",
  "etcd.extraArgs",
  "kubeApi",
  "rkeVersion",
  "order",
  "rke",
];
const keysOfKubeadm = ["kubeadm", "endpoint", "datacenters.*.hosts.*.kubeadm"];
const keysOfUnits = ["etcdUnit", "datacenters.*.hosts.*.etcdUnit"];
const installers: Installer[] = ["rke", "kubeadm", "kubespray", "kubekey", "unit"];

/** Keys that other installers have and this one hasn't; `*` stands for every entry of a list. */
const foreign: Record<Installer, string[]> = {
  rke: [...keysOfKubeadm, ...keysOfUnits],
  kubeadm: [...keysOfRke, ...keysOfUnits],
  kubespray: [...keysOfRke, "kubeadm.etcd.local"],
  kubekey: [...keysOfRke, "kubeadm.etcd.local"],
  unit: [...keysOfRke, ...keysOfKubeadm, "kubernetesVersion"],
};

/** The key of kubeadm's configuration that takes the place of a key for RKE. */
const instead: Record<string, string> = {
  serviceCidr: "kubeadm.networking.serviceSubnet",
  clusterDomain: "kubeadm.networking.dnsDomain",
  "etcd.version": "kubeadm.etcd.local.imageTag",
  "etcd.heartbeatInterval": "kubeadm.etcd.local.extraArgs",
  "etcd.electionTimeout": "kubeadm.etcd.local.extraArgs",
  "etcd.extraArgs": "kubeadm.etcd.local.extraArgs",
  kubeApi: "kubeadm.apiServer",
};

/** kubeadm's hosts may have IPv6 addresses, and the version is one of Kubernetes, not of RKE's releases. */
const kubeadmAddress = z.string().refine(isIp, "is not an IP address");
const kubeadmSchema = topologySchema.extend({
  kubernetesVersion: z.string().refine((value) => /^v/.test(value) && knownMinors.includes(minorOf(value) ?? 0), {
    error: `is not a version of Kubernetes whose kubeadm this program knows (v1.${knownMinors[0]}.0 to v1.${knownMinors.at(-1)})`,
  }),
  datacenters: z
    .array(
      datacenterSchema.extend({
        hosts: z
          .array(hostSchema.extend({ address: kubeadmAddress, internalAddress: kubeadmAddress.optional() }))
          .min(1, "has no host"),
      }),
    )
    .min(2, "needs two datacenters or more"),
});

const unitOfKubeadmSchema = kubeadmSchema.extend({ etcdUnit: etcdUnitSchema }) as unknown as typeof topologySchema;
/** etcd alone: there is no Kubernetes that this program knows of. */
const unitSchema = topologySchema.extend({
  kubernetesVersion: z.string().default(""),
  etcdUnit: etcdUnitSchema,
}) as unknown as typeof topologySchema;

function hintFor(installer: Installer, path: string): string {
  const key = instead[path];
  const isUnits = installer !== "rke" && installer !== "kubeadm";
  if (isUnits && path.startsWith("etcd.")) {
    return " (it stands in etcdUnit.env)";
  }
  return installer !== "rke" && installer !== "unit" && key ? ` (kubeadm has it under ${key})` : "";
}

/** A topology's own keys, one problem for each key that is another installer's, and the schema that reads the former. */
export function ofInstaller(value: unknown): { own: unknown; problems: string[]; schema: typeof topologySchema } {
  if (!isMapping(value)) {
    return { own: value, problems: [], schema: topologySchema };
  }
  const installer = installers.find((name) => name === value.installer) ?? "rke";
  const own: Mapping = structuredClone(value);
  const problems = foreign[installer].flatMap((path) =>
    taken(own, path.split(".")).map(({ item, held }) => {
      const hint = hintFor(installer, path);
      return `topology.${item}: is not a key of the installer ${installer}${hint}: ${shortened(JSON.stringify(held))}`;
    }),
  );
  switch (installer) {
    case "rke":
      return { own, problems, schema: topologySchema };
    case "kubeadm":
      return { own: { kubeadm: {}, ...own, pki: "adopted" }, problems, schema: kubeadmSchema };
    case "kubespray":
    case "kubekey":
      return { own: { ...withExternalEtcd(own), pki: "adopted" }, problems, schema: unitOfKubeadmSchema };
    case "unit":
      return { own: { ...own, pki: "adopted" }, problems, schema: unitSchema };
    default:
      return installer satisfies never;
  }
}

/** Problems of the keys that only one installer has, each as `item: rule: value`. */
export function installerProblems(topology: Topology, hasVersion: boolean): string[] {
  switch (topology.installer) {
    case "rke":
      return [
        ...(hasVersion
          ? [...releaseProblems(topology), ...etcdProblems(topology), ...dualStackProblems(topology)]
          : []),
        ...rkeProblems(topology),
      ];
    case "kubeadm":
      return kubeadmProblems(topology);
    case "kubespray":
    case "kubekey":
      return [...kubeadmProblems(topology), ...etcdUnitProblems(topology)];
    case "unit":
      return etcdUnitProblems(topology);
    default:
      return topology.installer satisfies never;
  }
}

export const installerWarnings = (topology: Topology): string[] =>
  topology.kubeadm === undefined ? [] : kubeadmWarnings(topology);

/** The reasons why no act can run on the hosts of such a topology yet; empty if acts can run. */
export const actProblems = (topology: Topology): string[] => {
  const { etcd, certificatesDir } = topology.kubeadm ?? {};
  const pki = topology.installer === "kubespray" ? usualPki.kubespray : usualPki.kubekey;
  const usual = { "etcd.local.dataDir": "/var/lib/etcd", certificatesDir: pki };
  const own = { "etcd.local.dataDir": etcd?.local?.dataDir, certificatesDir };
  return [
    ...(hasExternalEtcd(topology)
      ? ["topology.kubeadm.etcd.external: an etcd that kubeadm didn't make isn't recovered by this installer: external"]
      : []),
    ...(Object.keys(usual) as (keyof typeof usual)[])
      .filter((key) => own[key] !== undefined && own[key] !== usual[key])
      .map((key) => `topology.kubeadm.${key}: acts know ${usual[key]} alone, render and import any: ${own[key]}`),
    ...(topology.etcdUnit === undefined ? [] : etcdUnitActProblems(topology)),
  ];
};

/** Takes the values at a path out of a mapping, each with its place. */
function taken(from: Mapping, [key = "", ...rest]: string[]): { item: string; held: unknown }[] {
  const held = from[key];
  if (rest.length === 0) {
    delete from[key];
    return held === undefined ? [] : [{ item: key, held }];
  }
  const within = (value: unknown, path: string[], item: string) =>
    isMapping(value) ? taken(value, path).map((t) => ({ ...t, item: `${item}.${t.item}` })) : [];
  const [next, ...others] = rest;
  return next === "*" && Array.isArray(held)
    ? held.flatMap((value, i) => within(value, others, `${key}[${i}]`))
    : within(held, rest, key);
}

const shortened = (json: string) => (json.length > 100 ? `${json.slice(0, 97)}...` : json);
