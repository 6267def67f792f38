import type { EtcdStatus, Reachable, Refusal } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import type { PreflightFacts } from "../../../plan/facts/preflight";
import type { StepResult } from "../../../plan/facts/step-records";
import { clusterOn, externalEndpoints } from "../../../plan/installers/etcd-unit/processes";
import { unitOn } from "../../../plan/installers/etcd-unit/settings";
import { planned } from "../../../plan/installers/kubeadm/planned";
import { kubeadmHost, manifestsInPeace } from "../../../plan/installers/kubeadm/site";
import { certificates } from "../../../plan/installers/rke/certificates";
import { etcdProcess } from "../../../plan/installers/rke/etcd";
import { imagesOf } from "../../../plan/installers/rke/images";
import { kubeApiServerProcess } from "../../../plan/installers/rke/kube-apiserver";
import { epochLabel } from "../../../plan/runtimes/docker/container";
import { docker } from "../../../plan/runtimes/docker/docker";
import type { Process } from "../../../plan/runtimes/process";
import type { Running } from "../../../plan/runtimes/running";
import { staticPod } from "../../../plan/runtimes/static-pod/static-pod";
import { type EtcdUnit, systemd } from "../../../plan/runtimes/systemd/systemd";
import { clusterOrder, survivors } from "../../../plan/topology/order";
import { inPeace } from "../../../plan/topology/site";
import type { Host, Topology } from "../../../plan/topology/topology";

/** A process of which nothing matters but its name, or what `change` says. */
export const named = (name: string, change: Partial<Process> = {}): Process => ({
  name,
  image: "",
  entrypoint: [],
  cmd: [],
  env: [],
  binds: [],
  volumesFrom: [],
  labels: {},
  ...change,
});

/** A process as docker would report it if RKE, or the act of an epoch, had started it. */
export const container = (process: Process, status = "running", epoch?: number): Running =>
  docker.read(
    JSON.stringify({
      Id: `id-of-${process.name}`,
      Name: `/${process.name}`,
      State: { Status: status, StartedAt: "2026-11-21T12:00:00Z" },
      Config: {
        Hostname: "somewhere",
        Image: process.image,
        Entrypoint: process.entrypoint,
        Cmd: process.cmd,
        Env: [...process.env, "PATH=/usr/local/bin:/usr/bin"],
        Labels: { ...process.labels, ...(epoch === undefined ? {} : { [epochLabel]: String(epoch) }) },
      },
      HostConfig: {
        NetworkMode: "host",
        Binds: process.binds,
        VolumesFrom: process.volumesFrom,
        RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      },
    }),
  );

/** When the observations of these tests are made. */
export const now = Date.parse("2026-11-21T12:00:58Z");

/** A voter's etcd that has lost its majority. */
export const alone: EtcdStatus = {
  revision: 478,
  raftTerm: 3,
  dbBytes: 737280,
  version: "3.4.23",
  quorum: false,
  learner: false,
  leader: false,
};

/** A survivor of the seed's disaster, before anything was done to it. */
export function survivor(topology: Topology, host: Host, change: Partial<Reachable> = {}): Reachable {
  const hosts = clusterOrder(topology);
  const processes = processesOn(topology, host);
  return {
    reachable: true,
    host: host.name,
    architecture: "x86_64",
    clockSkew: 12,
    freeBytes: 1e11,
    etcdBytes: 1e8,
    tools: { curl: true, root: true, runtime: "20.10.24", flock: true, installer: true },
    epoch: 1,
    cluster: "lab",
    act: "primary",
    plan: {},
    steps: {},
    processes,
    files: [],
    isolation: { firewall: true, refused: [], boot: "" },
    etcd: host.etcd === "voter" ? { ...alone, complaints: [] } : undefined,
    members: [],
    etcdLog: "",
    newestLease: host.etcd === "voter" ? Date.parse("2026-11-21T11:59:58Z") : undefined,
    deploy: {
      files: [
        "cluster.yml",
        "cluster.rkestate",
        "kube_config_cluster.yml",
        "certs/kube-ca.pem",
        "certs/kube-admin.pem",
        "certs/kube-admin-key.pem",
        "ssh/id_ed25519",
      ],
      server: "https://192.168.31.103:6443",
      clusterYml: "",
    },
    aside: [],
    trust: Object.fromEntries(hosts.map((h) => [`root@${h.address}:22`, "ok"])),
    answers: [],
    preflight: preflight(topology, host),
    ...change,
  };
}

function processesOn(topology: Topology, host: Host): Record<string, Running> {
  switch (topology.installer) {
    case "rke":
      return containers(topology, host);
    case "kubeadm":
      return podsOn(topology, host);
    default:
      return unitsOn(topology, host);
  }
}

/** etcd's unit and kube-apiserver's static pod, as the topology plans them. @param env etcd's file of settings, if it differs */
export function unitsOn(topology: Topology, host: Host, env?: string): Record<string, Running> {
  const site = inPeace(topology);
  const { kubeadm } = topology;
  return {
    ...(host.etcd === "voter" ? { etcd: unit(unitOn(topology, host, site.voters), env) } : {}),
    ...(kubeadm && host.roles.includes("controlplane")
      ? {
          "kube-apiserver": pod(
            "kube-apiserver",
            planned(clusterOn(site, host, externalEndpoints(site)), { host: kubeadmHost(host), joins: [] })[
              "kube-apiserver.yaml"
            ] ?? "",
          ),
        }
      : {}),
  };
}

/** etcd.service as a host reports it. @param script true if its program is a script */
export const unit = (of: EtcdUnit, env = of.env, script = false): Running =>
  systemd.read(
    JSON.stringify({
      name: "etcd",
      status: "running",
      restarts: 0,
      startedAt: "2026-11-21T12:00:00Z",
      unit: base64(of.unit),
      env: base64(env),
      envFile: of.envFile,
      command: base64([of.program, ...of.arguments].join("\n")),
      user: of.user ?? "root",
      script,
    }),
  );

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function containers(topology: Topology, host: Host): Record<string, Running> {
  const site = inPeace(topology);
  return {
    ...(host.etcd === "voter" ? { etcd: container(etcdProcess(site, host, "x86_64")) } : {}),
    ...(host.roles.includes("controlplane") ? { "kube-apiserver": container(kubeApiServerProcess(site, host)) } : {}),
  };
}

/** A static pod as a host of kubeadm's reports it. @param manifest its text */
export const pod = (name: string, manifest: string, status = "running"): Running =>
  staticPod.read(
    JSON.stringify({
      name,
      status,
      restarts: 0,
      startedAt: "2026-11-21T12:00:00Z",
      manifest: Buffer.from(manifest).toString("base64"),
    }),
  );

/** The host's static pods, as kubeadm wrote them. @param edit changes the text of a manifest */
export const podsOn = (
  topology: Topology,
  host: Host,
  edit = (text: string, _file: string) => text,
): Record<string, Running> =>
  Object.fromEntries(
    Object.entries(manifestsInPeace(topology)[host.name] ?? {}).map(([file, text]) => {
      const name = file.replace(/\.yaml$/, "");
      return [name, pod(name, edit(text, file))];
    }),
  );

const day = 86_400_000;

/** The facts for guards of a survivor that nothing is wrong with. */
export function preflight(topology: Topology, host: Host, change: Partial<PreflightFacts> = {}): PreflightFacts {
  return {
    images: topology.installer === "rke" ? Object.values(imagesOf(topology)) : [],
    orphans: [],
    restartedSandboxes: [],
    kubeletWords: undefined,
    database: undefined,
    smallestFreeBytes: 1e11,
    earlierPlan: {},
    failures: [],
    certificates: certificates(inPeace(topology))
      .filter((c) => host.roles.includes("controlplane") || /^kube-(ca|node|proxy)$/.test(c.name))
      .map((c) => ({
        file: `/etc/kubernetes/ssl/${c.name}.pem`,
        name: c.name,
        notBefore: now - day,
        notAfter: now + 3650 * day,
        dnsNames: c.dnsNames,
        ipAddresses: c.ipAddresses,
        signed: true,
      })),
    unreadableCertificates: [],
    ...change,
  };
}

/** Datacenter a is gone; `change` alters what a host says, `null` makes it unreachable, a refusal says why it tells nothing. */
export function afterLossOfA(
  topology: Topology,
  change: Record<string, Partial<Reachable> | { refusal: Refusal; reason: string } | null> = {},
  answers: string[] = [],
): Observation {
  return {
    hosts: Object.fromEntries(
      survivors(topology, "a").map((h) => {
        const own = change[h.name];
        return [
          h.name,
          own && "refusal" in own
            ? { reachable: false, host: h.name, ...own }
            : own === null
              ? { reachable: false, host: h.name, reason: "connect timed out" }
              : survivor(topology, h, own),
        ];
      }),
    ),
    answers,
    at: now,
  };
}

export const record = (step: string, epoch: number, generation: number): StepResult => ({
  step,
  host: "",
  epoch,
  generation,
  input: "0",
  startedAt: 0,
  milliseconds: 1,
  did: [],
  facts: {},
});
