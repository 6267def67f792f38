import { z } from "zod";
import { unlike } from "../../acts/steps/replacement";
import { type Step, step } from "../../acts/steps/steps";
import { processOf, type Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Process } from "../../runtimes/process";
import { clusterOrder, controlPlane, voters } from "../../topology/order";
import type { Host, Topology } from "../../topology/topology";
import { etcdProcess } from "./etcd";
import { kubeApiServerProcess, ownServer } from "./kube-apiserver";

/** What an existing cluster's own `rke up` left beside its cluster.yml. */
export interface RkeState {
  /** cluster.rkestate, unchanged. It holds every private key. */
  text: string;
  /** PEM, by RKE's names. */
  certificates: Record<string, { certificate: string; privateKey: string }>;
  /** Addresses of the hosts, as RKE lists them. */
  hosts: string[];
}

/** The same, as the configuration gives it. */
export interface AdoptedCluster extends RkeState {
  /** SHA-256, in hex, of the kube-ca certificate without the line feed at its end. */
  caSum: string;
}

const entry = z.object({ certificatePEM: z.string(), keyPEM: z.string() });
const half = z.object({
  rkeConfig: z.object({ nodes: z.array(z.object({ address: z.string() })) }).nullish(),
  certificatesBundle: z.record(z.string(), entry).nullish(),
});
const state = z.object({ desiredState: half.nullish(), currentState: half.nullish() });

/**
 * Reads cluster.rkestate of RKE v1.2.7.
 * @throws Error with the reason, which never repeats what the file holds
 */
export function parseRkeState(text: string): RkeState {
  const read = state.safeParse(json(text));
  const current = read.data?.currentState;
  if (!current?.rkeConfig || !current.certificatesBundle) {
    throw new Error("is not a cluster.rkestate of a cluster that `rke up` has built: it lacks currentState");
  }
  const whole = Object.entries(current.certificatesBundle).filter(([, e]) => e.certificatePEM && e.keyPEM);
  const certificates = Object.fromEntries(
    whole.map(([name, e]) => [name, { certificate: e.certificatePEM, privateKey: e.keyPEM }]),
  );
  const missing = ["kube-ca", "kube-admin"].filter((name) => !certificates[name]);
  if (missing.length > 0) {
    throw new Error(`lacks the certificate or the key of ${missing.join(" and ")}`);
  }
  return { text, certificates, hosts: current.rkeConfig.nodes.map((n) => n.address) };
}

/** The reader's own message would quote the file. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
}

/** Puts state and kubeconfig of the existing cluster on the deploy hosts, in the place of `rke up`: no container is touched. */
export function adoptSteps(
  topology: Topology,
  deployHosts: Host[],
  facts: (host: Host) => Reachable | undefined,
  after: string[],
): Step[] {
  return deployHosts.map((host) => {
    const server = ownServer(topology, host.datacenter);
    return step("adopt", host, "RkeCluster", {
      arguments: [server],
      after,
      words:
        "take over the cluster: RKE's state, and a kubeconfig for this side's own kube-apiserver; no container is touched",
      intact:
        facts(host)?.deploy?.files.includes("cluster.rkestate") === true && facts(host)?.deploy?.server === server,
    });
  });
}

/** Why the cluster that runs isn't the one that the topology describes, so that it can't be taken over. */
export function adoptionProblems(topology: Topology, rke: AdoptedCluster, seen: Observation): string[] {
  const hosts = clusterOrder(topology);
  const order = hosts.map((h) => h.address);
  const listed = rke.hosts.filter((a) => order.includes(a));
  const strange = rke.hosts.filter((a) => !order.includes(a));
  const missing = hosts.filter((h) => !rke.hosts.includes(h.address)).map((h) => h.name);
  return [
    ...strange.map((a) => `rke-dr:adopted: its cluster has a host that the topology lacks: ${a}`),
    ...missing.map((name) => `rke-dr:adopted: its cluster lacks the topology's ${name}`),
    ...(strange.length + missing.length === 0 && listed.join() !== order.join()
      ? [
          `rke-dr:adopted: its cluster lists ${listed.join(", ")}, the topology ${order.join(", ")}; \`order:\` keeps it`,
        ]
      : []),
    ...hosts.flatMap((host) => hostProblems(topology, hosts, host, rke.caSum, factsOf(seen, host))),
  ];
}

function hostProblems(
  topology: Topology,
  hosts: Host[],
  host: Host,
  caSum: string,
  facts: Reachable | undefined,
): string[] {
  if (!facts) {
    return [];
  }
  const checksum = facts.containers["kube-apiserver"]?.Config.Env?.find((e) => e.startsWith(auditChecksum));
  const planned = [
    ...voters([host]).map(() => etcdProcess(topology, hosts, host, facts.architecture)),
    ...controlPlane([host]).map(() =>
      kubeApiServerProcess(topology, hosts, host, checksum?.slice(auditChecksum.length)),
    ),
  ];
  return [
    ...(facts.caSum === caSum ? [] : [`${host.name}: its kube-ca isn't that of rke-dr:adopted`]),
    ...planned.flatMap((process) => containerProblems(host, process, facts)),
  ];
}

const auditChecksum = "RKE_AUDITLOG_CONFIG_CHECKSUM=";

function containerProblems(host: Host, planned: Process, facts: Reachable): string[] {
  const container = facts.containers[planned.name];
  if (container?.State.Status !== "running") {
    // of a cluster that was taken over already, `up` brings a dead member back
    return facts.epoch === 0 ? [`${host.name}: ${planned.name} doesn't run`] : [];
  }
  const differences = unlike(comparable(planned), comparable(processOf(container), planned));
  return differences.length === 0
    ? []
    : [
        `${host.name}: ${planned.name} isn't what RKE would plan from the topology (- planned, + running): ${differences.join(", ")}`,
      ];
}

/** RKE gives a member that it added another --initial-cluster-state, and leaves it; images bring variables of their own. */
function comparable(process: Process, planned: Process = process): Process {
  const names = planned.env.map((e) => e.slice(0, e.indexOf("=") + 1));
  return {
    ...process,
    cmd: process.cmd.filter((arg) => !arg.startsWith("--initial-cluster-state=")),
    env: process.env.filter((e) => names.some((name) => e.startsWith(name))),
  };
}
