/** The part that the lab needs of the project's topology: datacenters, hosts, addresses. The program itself checks the rest. */
import { isIPv4 } from "node:net";
import { parse } from "yaml";
import { z } from "zod";
import { LabError } from "../machine/run";

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label");
const address = z.string().refine((value) => isIPv4(value), "must be an IPv4 address");
const user = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, "must be a user's name");
const port = z.number().int();
const ownLogin = z.object({ user: user.optional(), port: port.optional() });
const isName = (value: string): boolean => /^([a-z0-9-]+\.)*[a-z][a-z0-9-]*$/.test(value);
/** A DNS name as address becomes `dnsName`: to the lab, `address` is where the host's network card listens. */
const host = z
  .object({
    name,
    address: z.string().refine((value) => isIPv4(value) || isName(value), "must be an IPv4 address"),
    internalAddress: address.optional(),
    ssh: ownLogin.optional(),
    /** But of RKE's clusters: `controlplane` decides between a control plane host and a worker, `etcd` about an etcd of its own. */
    roles: z.array(z.string()).optional(),
    etcdUnit: z.object({ member: z.string().optional(), env: z.string().optional() }).optional(),
    dnsName: z.undefined().optional(),
  })
  .transform(
    ({ address, dnsName: _, ...rest }): LabHost =>
      isIPv4(address) || rest.internalAddress === undefined
        ? { ...rest, address }
        : { ...rest, address: rest.internalAddress, dnsName: address },
  );
const datacenter = z.object({ name, deployHost: name.optional(), hosts: z.array(host).min(1) });
/** Installers whose clusters the lab's hosts can carry. */
export const INSTALLERS = ["rke", "kubeadm", "kubespray", "kubekey", "unit"] as const;
export type LabInstaller = (typeof INSTALLERS)[number];
const topology = z.object({
  installer: z.enum(INSTALLERS).optional(),
  cluster: z.string().optional(),
  kubernetesVersion: z.string().optional(),
  /** The release of RKE that makes the cluster. */
  rkeVersion: z.string().optional(),
  /** kubeadm's ClusterConfiguration, which the lab hands on to kubeadm as it is. */
  kubeadm: z.record(z.string(), z.unknown()).optional(),
  /** etcd's unit and its settings, where a topology says them; words in braces are each host's own. */
  etcdUnit: z.object({ env: z.string(), unit: z.string().optional(), user: z.string().optional() }).optional(),
  ssh: z.object({ user: user.default("root"), port: port.default(22) }).prefault({}),
  datacenters: z.array(datacenter).min(1),
});

export type LabTopology = z.infer<typeof topology>;
export type LabDatacenter = LabTopology["datacenters"][number];
/** A host. `dnsName`: the name that the topology has as its address, if it has one. */
export interface LabHost {
  name: string;
  address: string;
  internalAddress?: string | undefined;
  ssh?: { user?: string | undefined; port?: number | undefined } | undefined;
  /** But of RKE's clusters. */
  roles?: string[] | undefined;
  etcdUnit?: { member?: string | undefined; env?: string | undefined } | undefined;
  dnsName?: string;
}

/** Reads Pulumi.yaml, a file with `config: topology: …`, or a bare topology. Tells all errors at once. */
export function readTopology(text: string, file: string): LabTopology {
  const document: unknown = parse(text);
  const config = field(field(document, "config"), "topology");
  const raw = field(config, "value") ?? config ?? field(document, "topology") ?? document;
  const parsed = topology.safeParse(raw);
  const errors = parsed.success
    ? doubles(parsed.data)
    : parsed.error.issues.map((issue) => `${pathText(issue.path)}: ${issue.message}, is ${shown(raw, issue.path)}`);
  if (errors.length > 0 || !parsed.success) throw new LabError(errors.map((error) => `${file}: ${error}`).join("\n"));
  return parsed.data;
}

export const installerOf = ({ installer }: LabTopology): LabInstaller => installer ?? "rke";

export const isControlPlane = ({ roles }: LabHost): boolean => roles?.includes("controlplane") ?? false;

export const hasEtcd = ({ roles }: LabHost): boolean => roles?.includes("etcd") ?? false;

export const hostsOf = (topology: LabTopology): LabHost[] => topology.datacenters.flatMap((dc) => dc.hosts);

/** How the operator and the deploy hosts log in to a host. */
export interface Login {
  /** Root, or a user with sudo; then root itself can't log in. */
  user: string;
  port: number;
}

export const loginOf = ({ ssh }: Pick<LabTopology, "ssh">, host: LabHost): Login => ({
  user: host.ssh?.user ?? ssh.user,
  port: host.ssh?.port ?? ssh.port,
});

/** Lines of /etc/hosts for the hosts whose address is a name: the lab has no name server. */
export const hostsFile = (topology: LabTopology): string =>
  hostsOf(topology)
    .flatMap(({ address, dnsName }) => (dnsName === undefined ? [] : [`${address}\t${dnsName}\n`]))
    .join("");

export const addressesOf = (host: LabHost): string[] => [
  ...new Set([host.address, host.internalAddress ?? host.address]),
];

/** Hosts that a power verb names: one host, or all of a datacenter. */
export function targetHosts(topology: LabTopology, target: string): LabHost[] {
  const datacenter = topology.datacenters.find((dc) => dc.name === target);
  const hosts = datacenter ? datacenter.hosts : hostsOf(topology).filter((host) => host.name === target);
  if (hosts.length === 0) {
    const known = [...topology.datacenters, ...hostsOf(topology)].map(({ name }) => name).join(", ");
    throw new LabError(`target: must be a host or a datacenter of the lab (${known}), is "${target}"`);
  }
  return hosts;
}

function doubles({ datacenters }: LabTopology): string[] {
  const errors: string[] = [];
  const names = new Map<string, string>();
  const addresses = new Map<string, string>();
  const once = (seen: Map<string, string>, value: string, path: string) => {
    const first = seen.get(value);
    if (first) errors.push(`${path}: must be used once, "${value}" is also ${first}`);
    else seen.set(value, path);
  };
  datacenters.forEach((dc, d) => {
    once(names, dc.name, `topology.datacenters[${d}].name`);
    dc.hosts.forEach((host, h) => {
      once(names, host.name, `topology.datacenters[${d}].hosts[${h}].name`);
      if (!isIPv4(host.address))
        errors.push(`topology.datacenters[${d}].hosts[${h}].internalAddress: must be given beside a name as address`);
      for (const used of addressesOf(host)) once(addresses, used, `topology.datacenters[${d}].hosts[${h}].address`);
    });
    if (dc.deployHost !== undefined && !dc.hosts.some(({ name }) => name === dc.deployHost))
      errors.push(`topology.datacenters[${d}].deployHost: must be one of its hosts, is "${dc.deployHost}"`);
  });
  return errors;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => text + (typeof part === "number" ? `[${part}]` : `.${String(part)}`), "topology");

function shown(raw: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce(field, raw);
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}

const field = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
