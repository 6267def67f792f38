import { parseTopology } from "../plan/declaration/declaration";
import { clusterYmlText } from "../plan/installers/rke/cluster-yml";
import { etcdProcess } from "../plan/installers/rke/etcd";
import { kubeApiServerProcess } from "../plan/installers/rke/kube-apiserver";
import type { Process } from "../plan/runtimes/process";
import { survivors } from "../plan/topology/order";
import { ownServer } from "../plan/topology/servers";
import { inPeace } from "../plan/topology/site";
import { allHosts, type Host, type Topology } from "../plan/topology/topology";

/** The networks of the two datacenters; the first is lost. */
export const networks = { a: "10.81.0.0/16", b: "10.80.0.0/16" };

const address = (datacenter: "a" | "b", i: number): string =>
  `${networks[datacenter].split(".").slice(0, 2).join(".")}.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`;

/**
 * A topology of many hosts as Pulumi.yaml holds it: three voters that are the control plane, two of them in datacenter a,
 * and workers, half of the hosts in each datacenter. Clusters grow by workers.
 */
export function fleet(hosts: number, keyPath: string): Record<string, unknown> {
  const part = (name: "a" | "b", count: number, masters: number) => ({
    name,
    deployHost: `${name}1`,
    hosts: Array.from({ length: count }, (_, i) => ({
      name: `${name}${i + 1}`,
      address: address(name, i),
      roles: i < masters ? ["controlplane", "etcd", "worker"] : ["worker"],
      hostKey: "unpinned",
    })),
  });
  return {
    cluster: "lab",
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
 */
export function factsText(topology: Topology, host: Host, now: number): string {
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
    [
      "trust",
      deploys
        ? survivors(topology, "a")
            .map((h) => `root@${h.address}:22 ok`)
            .join("\n")
        : "",
    ],
    ["disk", "100000000000"],
    ...["isolation", "snapshots", "aside", "images", "pods", "node", "earlier", "failures", "certificates"].map(
      (name): [string, string] => [name, ""],
    ),
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
