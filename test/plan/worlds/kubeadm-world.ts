import { join } from "node:path";
import { readTopologyFile } from "../../../cli/topology-file";
import { peerUrl } from "../../../plan/etcd/urls";
import type { Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import type { NodeFacts, PreflightFacts } from "../../../plan/facts/preflight";
import { certificates } from "../../../plan/installers/kubeadm/certificates";
import { clusterOf, kubeadmHost } from "../../../plan/installers/kubeadm/site";
import { allHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { alone, now, podsOn } from "./observations";

export const kubeadmTopology = (): Topology => readTopologyFile(join(__dirname, "../../../topologies/kubeadm.yaml"));

/** A host of a whole cluster that this program has never touched. */
export function untouched(topology: Topology, host: Host, change: Partial<Reachable> = {}): Reachable {
  const hosts = allHosts(topology);
  const voters = hosts.filter((h) => h.etcd === "voter");
  const members = voters.map((h) => ({
    id: h.name,
    started: true,
    name: h.name,
    peerUrls: [peerUrl(h)],
    learner: false,
  }));
  const votes = host.etcd === "voter";
  return {
    reachable: true,
    host: host.name,
    architecture: "x86_64",
    clockSkew: 12,
    freeBytes: 1e11,
    etcdBytes: 1e8,
    tools: { curl: true, root: true, runtime: "1.6.20", flock: true, installer: false },
    epoch: 0,
    cluster: undefined,
    act: undefined,
    plan: {},
    steps: {},
    processes: podsOn(topology, host),
    files: [],
    isolation: { firewall: true, refused: [], boot: "" },
    etcd: votes ? { ...alone, version: "3.6.16", quorum: true } : undefined,
    members: votes ? members : [],
    nodes: votes ? hosts.map((h) => h.name) : undefined,
    etcdLog: "",
    newestLease: votes ? now : undefined,
    deploy: undefined,
    aside: [],
    trust: {},
    answers: [],
    preflight: preflightOf(topology, host),
    ...change,
  };
}

const day = 86_400_000;

/** The facts for guards of such a host. */
export function preflightOf(topology: Topology, host: Host, change: Partial<PreflightFacts> = {}): PreflightFacts {
  return {
    images: [...Object.values(podsOn(topology, host)).map((p) => p.process.image), sandboxImage],
    orphans: [],
    restartedSandboxes: [],
    kubeletWords: undefined,
    database: undefined,
    smallestFreeBytes: 1e11,
    earlierPlan: {},
    failures: [],
    certificates: host.roles.includes("controlplane")
      ? certificates(clusterOf(topology), kubeadmHost(host)).map((c) => ({
          file: c.path,
          name: c.name,
          notBefore: now - day,
          notAfter: now + 300 * day,
          dnsNames: c.dnsNames,
          ipAddresses: c.ipAddresses,
          signed: true,
        }))
      : [],
    unreadableCertificates: [],
    node,
    ...change,
  };
}

export const sandboxImage = "registry.k8s.io/pause:3.10.2";
export const node: NodeFacts = {
  sandboxImage,
  runtimeCgroups: "systemd",
  kubeletCgroups: "systemd",
  imageUsed: 61,
  imageThreshold: 85,
  kubelet: "running",
  kubeletHeld: false,
  kubeletWords: "",
  secondManifests: [],
};

/** All hosts as they were seen. @param change by a host's name */
export const untouchedCluster = (
  topology: Topology,
  change: (host: Host) => Partial<Reachable> = () => ({}),
): Observation => ({
  hosts: Object.fromEntries(allHosts(topology).map((h) => [h.name, untouched(topology, h, change(h))])),
  answers: [],
  at: now,
});
