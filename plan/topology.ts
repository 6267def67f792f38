import { z } from "zod";
import { releases } from "./releases";

/** What a host does in the cluster, in RKE's words. */
export type Role = "controlplane" | "etcd" | "worker";

/** What a host is to etcd. */
export type EtcdPart = "voter" | "learner" | "none";

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "is not a DNS-1123 label");
const address = z.string().refine(isIpv4, "is not an IPv4 address");
/** Arguments but those that this program decides on, or that would move etcd's data to where it doesn't look. */
const argumentsBut = (reserved: RegExp) =>
  z
    .record(
      z.string().refine((key) => !reserved.test(key), "is an argument that must stay RKE's"),
      z.string(),
    )
    .default({});
const taint = z.strictObject({
  key: z.string().min(1),
  value: z.string().default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});
const hostKey = z
  .string()
  .regex(
    /^(unpinned|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+)$/,
    'is neither a public host key ("ssh-ed25519 AAAA...") nor the word unpinned',
  );

const host = z.strictObject({
  name,
  /** Where SSH, and by default everything else, reaches the host. */
  address,
  /** What etcd and the kube-apiserver listen on and advertise, where it differs. */
  internalAddress: address.optional(),
  roles: z.array(z.enum(["controlplane", "etcd", "worker"])).min(1, "names no role"),
  /** Its part in etcd: a voter is RKE's role etcd; a learner follows the voters beside RKE, without a vote. */
  etcd: z.enum(["voter", "learner", "none"]).optional(),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z.array(taint).default([]),
  hostKey,
});

const datacenter = z.strictObject({ name, deployHost: name, hosts: z.array(host).min(1, "has no host") });

const topologySchema = z.strictObject({
  cluster: name,
  kubernetesVersion: z.string().refine((value) => value in releases, {
    error: `is not a version that this program knows (${Object.keys(releases).join(", ")})`,
  }),
  standby: name,
  ssh: z.strictObject({
    user: z.string().min(1).default("root"),
    port: z.int().min(1).max(65535).default(22),
    keyPath: z.string().min(1).default("~/.ssh/id_rsa"),
  }),
  serviceCidr: z
    .string()
    .refine((value) => parseCidr(value) !== undefined, "is not an IPv4 range in CIDR form")
    .default("10.43.0.0/16"),
  clusterDomain: z.string().min(1).default("cluster.local"),
  etcd: z
    .strictObject({
      extraArgs: argumentsBut(/^(name|data-dir|wal-dir|force-new-cluster|initial-.*|listen-.*|advertise-.*|.*-file)$/),
    })
    .default({ extraArgs: {} }),
  kubeApi: z.strictObject({ extraArgs: argumentsBut(/^(etcd-servers|advertise-address)$/) }).default({ extraArgs: {} }),
  datacenters: z.array(datacenter).min(2, "needs two datacenters or more"),
  /** What RKE knows and this program does not model; goes into cluster.yml unchanged. */
  rke: z.record(z.string(), z.unknown()).default({}),
});

type Parsed = z.infer<typeof topologySchema>;

/** A host together with the datacenter that it stands in. `internalAddress` and `etcd` are always set. */
export interface Host extends Omit<Parsed["datacenters"][number]["hosts"][number], "internalAddress" | "etcd"> {
  internalAddress: string;
  etcd: EtcdPart;
  datacenter: string;
}

export interface Datacenter {
  name: string;
  deployHost: string;
  hosts: Host[];
}

/** The validated topology; defaults are filled in. */
export interface Topology extends Omit<Parsed, "datacenters"> {
  datacenters: Datacenter[];
}

/** One thing that is wrong with the topology: `item: rule: value`. */
export class TopologyError extends Error {
  constructor(readonly problems: string[]) {
    super(`the topology has ${problems.length} error(s):\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "TopologyError";
  }
}

/** Keys of cluster.yml that the topology models; under `rke:` they would be said twice. */
const modelled = [
  "nodes",
  "cluster_name",
  "kubernetes_version",
  "ssh_key_path",
  "services.etcd.extra_args",
  "services.kube-api.extra_args",
  "services.kube-api.service_cluster_ip_range",
  "services.kubelet.cluster_domain",
  "authentication",
];

/**
 * Reads a topology as it stands in Pulumi.yaml.
 * @throws TopologyError that tells all problems at once
 */
export function parseTopology(value: unknown): Topology {
  const parsed = topologySchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    throw new TopologyError(parsed.error.issues.map(describeIssue));
  }
  const topology: Topology = {
    ...parsed.data,
    datacenters: parsed.data.datacenters.map((dc) => ({
      ...dc,
      hosts: dc.hosts.map((h) => ({
        ...h,
        internalAddress: h.internalAddress ?? h.address,
        etcd: h.etcd ?? (h.roles.includes("etcd") ? "voter" : "none"),
        datacenter: dc.name,
      })),
    })),
  };
  const problems = crossCheck(topology);
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
  if (unpinned.length > 0) {
    result.push(`SSH host keys are not checked for ${unpinned.map((h) => h.name).join(", ")} (hostKey: unpinned)`);
  }
  return result;
}

export function allHosts(topology: Topology): Host[] {
  return topology.datacenters.flatMap((dc) => dc.hosts);
}

export function findDatacenter(topology: Topology, dcName: string): Datacenter | undefined {
  return topology.datacenters.find((dc) => dc.name === dcName);
}

/** The host from which `rke` runs for a datacenter. */
export function deployHost(topology: Topology, dcName: string): Host {
  const dc = findDatacenter(topology, dcName);
  const found = dc?.hosts.find((h) => h.name === dc.deployHost);
  if (!found) {
    throw new Error(`datacenter ${dcName} has no deploy host`);
  }
  return found;
}

function crossCheck(topology: Topology): string[] {
  const problems: string[] = [];
  const hosts = allHosts(topology);
  const duplicate = (what: string, values: string[]) => {
    for (const value of new Set(values.filter((v, i) => values.indexOf(v) !== i))) {
      problems.push(`topology.datacenters: ${what} is used twice: ${JSON.stringify(value)}`);
    }
  };
  duplicate(
    "a datacenter's name",
    topology.datacenters.map((dc) => dc.name),
  );
  duplicate(
    "a host's name",
    hosts.map((h) => h.name),
  );
  duplicate(
    "an address",
    hosts.flatMap((h) => [...new Set([h.address, h.internalAddress])]),
  );
  topology.datacenters.forEach((dc, i) => {
    if (!dc.hosts.some((h) => h.name === dc.deployHost)) {
      problems.push(
        `topology.datacenters[${i}].deployHost: is not a host of datacenter ${dc.name}: ${JSON.stringify(dc.deployHost)}`,
      );
    }
    dc.hosts.forEach((h, j) => {
      const item = `topology.datacenters[${i}].hosts[${j}]`;
      if (new Set(h.roles).size !== h.roles.length) {
        problems.push(`${item}.roles: names a role twice: ${JSON.stringify(h.roles)}`);
      }
      if ((h.etcd === "voter") !== h.roles.includes("etcd")) {
        problems.push(
          `${item}.etcd: a voter has the role etcd and nobody else has (RKE makes a voter of each host with it): ${JSON.stringify(h.etcd)}`,
        );
      }
    });
  });
  const standby = findDatacenter(topology, topology.standby);
  if (!standby) {
    problems.push(`topology.standby: is not one of the datacenters: ${JSON.stringify(topology.standby)}`);
  } else if (!standby.hosts.some((h) => h.roles.includes("controlplane"))) {
    problems.push(`topology.standby: has no control plane host: ${JSON.stringify(topology.standby)}`);
  }
  if (!hosts.some((h) => h.etcd === "voter")) {
    problems.push("topology.datacenters: no host has the role etcd: []");
  }
  const learners = hosts.filter((h) => h.etcd === "learner").map((h) => h.name);
  if (learners.length > 1) {
    problems.push(`topology.datacenters: etcd takes one learner at a time: ${JSON.stringify(learners)}`);
  }
  for (const path of [
    "services",
    "services.etcd",
    "services.kube-api",
    "services.kube-controller",
    "services.kubelet",
  ]) {
    const value = at(topology.rke, path);
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
      problems.push(`topology.rke.${path}: is not a mapping: ${JSON.stringify(value)}`);
    }
  }
  for (const path of modelled) {
    const node = at(topology.rke, path);
    if (node !== undefined) {
      problems.push(`topology.rke.${path}: is said by the topology itself, not under rke: ${JSON.stringify(node)}`);
    }
  }
  return problems;
}

/** The value at a path of keys, undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (node, key) => (typeof node === "object" && node !== null ? (node as Record<string, unknown>)[key] : undefined),
      value,
    );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}.${String(key)}`),
    "topology",
  );
  if (issue.code === "unrecognized_keys") {
    return `${path}: unknown key: ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  }
  if (issue.code === "invalid_key") {
    return `${path}: ${issue.issues[0]?.message ?? issue.message}: ${JSON.stringify(String(issue.path.at(-1)))}`;
  }
  const value = issue.input === undefined ? "nothing" : JSON.stringify(issue.input);
  const rule = issue.code === "custom" || issue.code === "invalid_format" ? issue.message : lowerFirst(issue.message);
  return `${path}: ${rule}: ${value}`;
}

function isIpv4(text: string): boolean {
  return z.ipv4().safeParse(text).success;
}

/** Whether a text is an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  return z.union([z.ipv4(), z.ipv6()]).safeParse(text).success;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** The first usable address of an IPv4 range: the `kubernetes` Service's IP (RKE takes network + 1). */
export function serviceIp(cidr: string): string {
  const base = parseCidr(cidr);
  if (base === undefined) {
    throw new Error(`${JSON.stringify(cidr)} is not an IPv4 range in CIDR form`);
  }
  const value = base + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The network address as a number; undefined where the text is no IPv4 range. */
function parseCidr(cidr: string): number | undefined {
  const [ip = "", bits = "", ...rest] = cidr.split("/");
  const prefix = Number(bits);
  if (rest.length > 0 || !z.ipv4().safeParse(ip).success || !/^\d+$/.test(bits) || prefix > 30) {
    return undefined;
  }
  const value = ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefix);
  return Math.floor(value / size) * size;
}
