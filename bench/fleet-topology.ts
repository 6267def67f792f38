import { parseTopology } from "../plan/declaration/declaration";
import { majorityWithout } from "../plan/etcd/quorum";
import type { Certificate } from "../plan/installers/certificate";
import { certificates } from "../plan/installers/rke/certificates";
import { clusterYmlText } from "../plan/installers/rke/cluster-yml";
import { etcdProcess } from "../plan/installers/rke/etcd";
import { imagesOf } from "../plan/installers/rke/images";
import { kubeApiServerProcess } from "../plan/installers/rke/kube-apiserver";
import type { Process } from "../plan/runtimes/process";
import { survivors } from "../plan/topology/order";
import { ownServer } from "../plan/topology/servers";
import { inPeace } from "../plan/topology/site";
import { allHosts, type Host, type Topology } from "../plan/topology/topology";

/** The networks of the two datacenters; the first is lost. */
export const networks = { a: "10.81.0.0/16", b: "10.80.0.0/16" };

/** @param net the third number of the first address */
const address = (datacenter: "a" | "b", i: number, net: number): string =>
  `${networks[datacenter].split(".").slice(0, 2).join(".")}.${net + Math.floor(i / 250)}.${1 + (i % 250)}`;

/**
 * A topology of many hosts as Pulumi.yaml holds it: three voters that are the control plane, two of them in datacenter a,
 * and workers, half of the hosts in each datacenter. Clusters grow by workers.
 * @param net where the addresses begin in both networks, for several clusters
 */
export function fleet(hosts: number, keyPath: string, cluster = "lab", net = 1): Record<string, unknown> {
  const part = (name: "a" | "b", count: number, masters: number) => ({
    name,
    deployHost: `${name}1`,
    hosts: Array.from({ length: count }, (_, i) => ({
      name: `${name}${i + 1}`,
      address: address(name, i, net),
      roles: i < masters ? ["controlplane", "etcd", "worker"] : ["worker"],
      hostKey: "unpinned",
    })),
  });
  return {
    cluster,
    kubernetesVersion: "v1.20.5-rancher1-1",
    standby: "b",
    ssh: { user: "root", keyPath },
    datacenters: [part("a", Math.ceil(hosts / 2), 2), part("b", Math.floor(hosts / 2), 1)],
  };
}

export const fleetTopology = (hosts: number): Topology => parseTopology(fleet(hosts, "/dev/null"));

/**
 * The output of `on-host/look/facts.sh` on a survivor of that fleet when datacenter a has lost its power; all but the last line,
 * which is the time.
 * @param certificate a certificate with all names and addresses of the cluster, for a host on which an act may begin; else guards find it lacking
 */
export function factsText(topology: Topology, host: Host, now: number, certificate?: string): string {
  const deploys = topology.datacenters.some((dc) => dc.deployHost === host.name);
  const voter = host.etcd === "voter";
  const containers = [
    ...(voter ? [etcdProcess(inPeace(topology), host, "x86_64")] : []),
    ...(host.roles.includes("controlplane") ? [kubeApiServerProcess(inPeace(topology), host)] : []),
  ];
  const sections: [name: string, content: string][] = [
    [
      "host",
      "arch=x86_64\nfreeBytes=100000000000\netcdBytes=130000000\ncurl=yes\nroot=yes\ndocker=20.10.24\nflock=/usr/bin/flock\nrke=/usr/local/bin/rke",
    ],
    ["epoch", "1"],
    ["cluster", topology.cluster],
    ["act", "primary"],
    ["plan", ""],
    ["steps", ""],
    ["processes", containers.map((process) => JSON.stringify(inspected(process))).join("\n")],
    ["deploy", deploys ? deployText(topology) : ""],
    ["cluster.yml", deploys ? clusterYmlText(inPeace(topology)) : ""],
    ...(voter ? voterSections(now) : []),
    // a majority that survives answers reads
    ...(voter && majorityWithout(topology, "a").kept ? [["quorum", ""] as [string, string]] : []),
    [
      "trust",
      deploys
        ? survivors(topology, "a")
            .map((h) => `root@${h.address}:22 ok`)
            .join("\n")
        : "",
    ],
    ["disk", "100000000000"],
    ...["isolation", "snapshots", "aside", "pods", "node", "earlier", "failures"].map((name): [string, string] => [
      name,
      "",
    ]),
    ["images", certificate === undefined ? "" : Object.values(imagesOf(topology)).join("\n")],
    ["certificates", certificate === undefined ? "" : certificateFiles(topology, certificate)],
    ["answers", ""],
    ["end", ""],
  ];
  return sections.map(([name, content]) => `@@ ${name}\n${content === "" ? "" : `${content}\n`}`).join("");
}

function voterSections(now: number): [string, string][] {
  const status = {
    header: { cluster_id: 1, member_id: 2, revision: 478, raft_term: 3 },
    version: "3.4.23",
    dbSize: 737280,
    leader: 0,
    raftTerm: 3,
  };
  return [
    ["status", JSON.stringify([{ Endpoint: "https://127.0.0.1:2379", Status: status }])],
    ["leases", JSON.stringify({ header: status.header, kvs: [], now })],
  ];
}

/** The same certificate in each file. */
const certificateFiles = (topology: Topology, certificate: string): string =>
  certificates(inPeace(topology))
    .map(({ name }) => `file=/etc/kubernetes/ssl/${name}.pem\n${certificate.trimEnd()}`)
    .join("\n");

/** All names and addresses of a cluster's certificates, as openssl's subjectAltName. */
export function alternativeNames(topology: Topology): string {
  const all = certificates(inPeace(topology));
  const names = (kind: string, of: (certificate: Certificate) => string[]) =>
    [...new Set(all.flatMap(of))].map((name) => `${kind}:${name}`);
  return [...names("DNS", (c) => c.dnsNames), ...names("IP", (c) => c.ipAddresses)].join(",");
}

function deployText(topology: Topology): string {
  const files = [
    ...["cluster.yml", "cluster.rkestate", "kube_config_cluster.yml", "certs/kube-ca.pem", "certs/kube-admin.pem"],
    ...["certs/kube-admin-key.pem", "ssh/id_ed25519", "ssh/known_hosts"],
  ];
  const server = ownServer(topology, topology.standby);
  return [...files.map((file) => `file=${file}`), `server=${server}`, "certificateEnds=Nov 18 12:00:00 2036 GMT"].join(
    "\n",
  );
}

function inspected(process: Process): object {
  return {
    Id: `id-of-${process.name}`,
    Name: `/${process.name}`,
    State: { Status: "running", StartedAt: "2026-11-21T12:00:00Z" },
    Config: {
      Hostname: "host",
      Image: process.image,
      Entrypoint: process.entrypoint,
      Cmd: process.cmd,
      Env: process.env,
      Labels: process.labels,
    },
    HostConfig: {
      NetworkMode: "host",
      Binds: process.binds,
      VolumesFrom: process.volumesFrom,
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    },
  };
}

export const survivorsOf = (topology: Topology): Host[] => allHosts(topology).filter((host) => host.datacenter !== "a");
