import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { etcdProcess } from "../../../../plan/installers/rke/etcd";
import { kubeApiServerProcess } from "../../../../plan/installers/rke/kube-apiserver";
import type { Process } from "../../../../plan/runtimes/process";
import { siteOf } from "../../../../plan/topology/site";
import type { Host, Role, Topology } from "../../../../plan/topology/topology";
import { seed } from "../../worlds/topologies";

/** RKE's recordings; RKE_RELEASES names another folder of the same shape. */
export const folder = process.env.RKE_RELEASES ?? join(__dirname, "../../../golden/rke-releases");

export type Recorded = Record<string, Record<string, unknown>>;

/** One plan of RKE's: which release planned which cluster.yml with which kubernetes_version. */
export interface Recording {
  rkeVersion: string;
  kubernetesVersion: string;
  cluster: string;
  plan: () => Recorded;
}

export function recordings(): Recording[] {
  const folders = (path: string) => readdirSync(path).filter((name) => statSync(join(path, name)).isDirectory());
  return folders(folder)
    .filter((name) => name.startsWith("v"))
    .flatMap((rkeVersion) =>
      folders(join(folder, rkeVersion)).flatMap((kubernetesVersion) =>
        readdirSync(join(folder, rkeVersion, kubernetesVersion)).map((file) => ({
          rkeVersion,
          kubernetesVersion,
          cluster: basename(file, ".plan.json"),
          plan: () => JSON.parse(readFileSync(join(folder, rkeVersion, kubernetesVersion, file), "utf8")) as Recorded,
        })),
      ),
    );
}

interface Node {
  address: string;
  internal_address?: string;
  hostname_override: string;
  role: Role[];
}

/** A cluster.yml as a topology and its hosts; one datacenter is enough here, which parseTopology would refuse. */
export function clusterOf(
  clusterYml: string,
  rkeVersion: string,
  kubernetesVersion: string,
): { topology: Topology; hosts: Host[] } {
  const {
    nodes,
    services = {},
    ...rest
  } = parse(clusterYml, { merge: true }) as {
    nodes: Node[];
    services?: Record<string, Record<string, unknown>>;
  } & Record<string, unknown>;
  const { extra_args: etcdArgs = {}, ...etcd } = services.etcd ?? {};
  const { extra_args: apiArgs = {}, service_cluster_ip_range: cidr, ...kubeApi } = services["kube-api"] ?? {};
  const whole = seed();
  const hosts = nodes.map((node) => hostOf(node));
  return {
    topology: {
      ...whole,
      rkeVersion,
      kubernetesVersion,
      serviceCidr: String(cidr ?? whole.serviceCidr),
      etcd: { ...whole.etcd, extraArgs: etcdArgs as Record<string, string> },
      kubeApi: { ...whole.kubeApi, extraArgs: apiArgs as Record<string, string> },
      datacenters: [{ name: "a", witness: false, deployHost: undefined, hosts }],
      rke: { ...rest, services: { ...services, etcd, "kube-api": kubeApi } },
    },
    hosts,
  };
}

function hostOf(node: Node): Host {
  return {
    // RKE writes it in small letters (cluster/defaults.go setClusterDefaults)
    name: node.hostname_override.toLowerCase(),
    address: node.address,
    internalAddress: node.internal_address ?? node.address,
    roles: node.role,
    etcd: node.role.includes("etcd") ? "voter" : "none",
    labels: {},
    taints: [],
    hostKey: "unpinned",
    datacenter: "a",
  };
}

export const recordedCluster = (name: string): string => readFileSync(join(folder, "clusters", `${name}.yml`), "utf8");

/** This program's plan for a cluster.yml, in the recordings' shape. */
export function planned(clusterYml: string, rkeVersion: string, kubernetesVersion: string): Recorded {
  const { topology, hosts } = clusterOf(clusterYml, rkeVersion, kubernetesVersion);
  const [deployHost] = hosts;
  assert.ok(deployHost);
  const site = siteOf(topology, { hosts, lost: [], sans: [], deployHost });
  return Object.fromEntries([
    ...site.voters.map((h) => [`${h.name}/etcd`, shaped(etcdProcess(site, h, "x86_64"))]),
    ...site.controlPlane.map((h) => [`${h.name}/kube-apiserver`, shaped(kubeApiServerProcess(site, h))]),
  ]);
}

/** RKE's lists carry no order. */
const sorted = (list: unknown): string[] => [...((list as string[] | undefined) ?? [])].sort();

/** The parts of a recorded process that RKE compares of a container, and its name and labels. */
export const compared = (p: Record<string, unknown>): Record<string, unknown> => ({
  name: p.name,
  image: p.image,
  command: sorted(p.command),
  args: sorted(p.args),
  env: sorted(p.env),
  binds: sorted(p.binds),
  volumesFrom: sorted(p.volumesFrom),
  labels: p.labels,
  user: p.user ?? "",
});

const shaped = ({ entrypoint, cmd, ...p }: Process): Record<string, unknown> =>
  compared({ ...p, command: entrypoint, args: cmd });
