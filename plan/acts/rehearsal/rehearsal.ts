import { settingOf } from "../../etcd/environment";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Snapshot } from "../../facts/snapshots";
import { installerOf } from "../../installers/installers";
import { argument } from "../../runtimes/process";
import { isRunning, type Running } from "../../runtimes/running";
import { clusterOrder } from "../../topology/order";
import { inPeace } from "../../topology/site";
import { deployHost, type Host, type Topology } from "../../topology/topology";
import { goArchitecture } from "../../values/architecture";
import { apiServerBody, lastInLine } from "../steps/scratch";

/** A rehearsal of the standby's recovery on a living cluster: where, and from what. */
export interface Rehearsal {
  /** The standby's deploy host: there a failover would bring the API back. */
  host: Host;
  /** The standby's member of etcd that is asked; its endpoint as `host` reaches it. */
  member: Host;
  endpoint: string;
  /** A live snapshot of the member, or the newest scheduled one. */
  source: { kind: "live" } | { kind: "scheduled"; snapshot: Snapshot };
  etcdImage: string;
  /** Of Kubernetes' keys in etcd. */
  prefix: string;
  /** Bodies for Docker's POST /containers/create. */
  etcdBody: string;
  apiServerBody: string;
}

/** The source of a rehearsal. `auto`: a live snapshot if the member can give one, else the newest scheduled one. */
export type RehearsalFrom = "auto" | "live" | "scheduled";

/** The reason why the hosts of such a topology can have no rehearsal; empty if they can. */
export function rehearsalProblems(topology: Topology): string[] {
  const { name, sharesNetworks } = installerOf(topology).runtimeOn(deployHost(topology, topology.standby));
  return sharesNetworks
    ? []
    : [
        `topology.installer: a rehearsal runs processes that share a network which leads nowhere, and the runtime ${name} has none: ${topology.installer}`,
      ];
}

/** Decides a rehearsal from what was seen; if there can be none, returns the reasons, a sentence each. */
export function planRehearsal(
  topology: Topology,
  from: RehearsalFrom,
  seen: Observation,
): { rehearsal: Rehearsal } | { problems: string[] } {
  const host = deployHost(topology, topology.standby);
  const facts = factsOf(seen, host);
  if (!facts) {
    const unseen = seen.hosts[host.name];
    return {
      problems: [`${host.name} (${host.address}): ${unseen?.reachable === false ? unseen.reason : "not looked at"}`],
    };
  }
  const api = facts.processes["kube-apiserver"];
  const member = memberOf(topology, host, seen);
  const problems = [
    ...(facts.cluster === topology.cluster
      ? []
      : [`${host.name} belongs to cluster ${facts.cluster ?? "none"}, not to ${topology.cluster}`]),
    ...(isRunning(api) ? [] : [`${host.name}: kube-apiserver doesn't run: its arguments are what is rehearsed`]),
    ...(facts.deploy?.files.includes("certs/kube-admin-key.pem")
      ? []
      : [`${host.name}: /etc/rke-dr/certs/kube-admin-key.pem is missing`]),
    ...(member
      ? []
      : [
          `datacenter ${topology.standby}: no member of etcd answers; a rehearsal needs a living cluster to compare with`,
        ]),
  ];
  const source = member && chooseSource(member, from, facts);
  if (typeof source === "string") {
    problems.push(source);
  }
  if (problems.length > 0 || !api || !member || !source || typeof source === "string") {
    return { problems };
  }
  const before = api.process;
  const etcd = factsOf(seen, member.host)?.processes.etcd;
  const etcdImage = etcd
    ? etcd.process.image
    : installerOf(topology).plannedEtcd(inPeace(topology), member.host, facts.architecture).image;
  return {
    rehearsal: {
      host,
      member: member.host,
      endpoint:
        member.host.name === host.name
          ? installerOf(topology).ownEndpoint(host)
          : `https://${member.host.internalAddress}:2379`,
      source,
      etcdImage,
      prefix: argument(before.entrypoint, "etcd-prefix") ?? "/registry",
      etcdBody: etcdBody(etcdImage, facts, etcd),
      apiServerBody: apiServerBody(before, {
        beside: "rke-dr-rehearsal-etcd",
        etcd: "https://127.0.0.1:2379",
        label: rehearsalLabel,
      }),
    },
  };
}

interface Member {
  host: Host;
  /** True if `snapshot save` works on it: on a voter always, on a learner from etcd 3.5 on (measured: on a 3.4 learner it times out). */
  givesLive: boolean;
}

/** The standby's member of etcd, the deploy host's own first. */
function memberOf(topology: Topology, host: Host, seen: Observation): Member | undefined {
  const own = clusterOrder(topology)
    .filter((h) => h.datacenter === host.datacenter && factsOf(seen, h)?.etcd)
    .sort((a, b) => Number(b.name === host.name) - Number(a.name === host.name))[0];
  const etcd = own && factsOf(seen, own)?.etcd;
  return own && etcd && { host: own, givesLive: !etcd.learner || !/^3\.[0-4]\./.test(etcd.version) };
}

function chooseSource(member: Member, from: RehearsalFrom, facts: Reachable): Rehearsal["source"] | string {
  const newest = facts.snapshots?.kept[0];
  if (from !== "scheduled" && member.givesLive) {
    return { kind: "live" };
  }
  if (from === "live") {
    return `${member.host.name} is a learner of an etcd before 3.5, which gives no live snapshot`;
  }
  return newest ? { kind: "scheduled", snapshot: newest } : `${facts.host}: has no scheduled snapshot to start from`;
}

const ssl = "/etc/kubernetes/ssl";
export const rehearsalLabel = "rke-dr.rehearsal";

/** The scratch etcd: on the loopback of a network namespace of its own, by the API server's certificate, which names it. */
function etcdBody(image: string, facts: Reachable, live: Running | undefined): string {
  const quota = live && settingOf(live.process, "quota-backend-bytes");
  const [certificate, key, ca] = [`${ssl}/kube-apiserver.pem`, `${ssl}/kube-apiserver-key.pem`, `${ssl}/kube-ca.pem`];
  const client = "https://127.0.0.1:2379";
  const peer = "https://127.0.0.1:2380";
  return JSON.stringify({
    Image: image,
    Entrypoint: null,
    Cmd: [
      "/usr/local/bin/etcd",
      "--name=rehearsal",
      "--data-dir=/rehearsal/data",
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=rehearsal=${peer}`,
      "--client-cert-auth=true",
      `--trusted-ca-file=${ca}`,
      `--cert-file=${certificate}`,
      `--key-file=${key}`,
      "--peer-client-cert-auth=true",
      `--peer-trusted-ca-file=${ca}`,
      `--peer-cert-file=${certificate}`,
      `--peer-key-file=${key}`,
      ...(quota === undefined ? [] : [`--quota-backend-bytes=${quota}`]),
    ],
    Env: [
      "ETCDCTL_API=3",
      `ETCDCTL_CACERT=${ca}`,
      `ETCDCTL_CERT=${ssl}/kube-node.pem`,
      `ETCDCTL_KEY=${ssl}/kube-node-key.pem`,
      `ETCDCTL_ENDPOINTS=${client}`,
      `ETCD_UNSUPPORTED_ARCH=${goArchitecture(facts.architecture)}`,
    ],
    Labels: { [rehearsalLabel]: "1" },
    HostConfig: {
      ...lastInLine,
      NetworkMode: "none",
      Binds: ["/var/lib/rke-dr/rehearsal:/rehearsal", "/etc/kubernetes:/etc/kubernetes:ro"],
    },
  });
}
