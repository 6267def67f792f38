import { epochLabel } from "../../plan/docker";
import { etcdProcess } from "../../plan/etcd";
import type { Container, Reachable, StepResult } from "../../plan/facts";
import { kubeApiServerProcess } from "../../plan/kube-apiserver";
import type { Observation } from "../../plan/observation";
import { clusterOrder, survivors } from "../../plan/order";
import type { Process } from "../../plan/process";
import type { Host, Topology } from "../../plan/topology";

/** A container as docker inspect would tell it when RKE started the process. */
export function container(process: Process, status = "running", epoch?: number): Container {
  return {
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
  };
}

/** When the observations of these tests are made. */
export const now = Date.parse("2026-11-21T12:00:58Z");

/** A survivor of the seed's disaster, before anything was done to it. */
export function survivor(topology: Topology, host: Host, change: Partial<Reachable> = {}): Reachable {
  const hosts = clusterOrder(topology);
  const containers: Record<string, Container> = {};
  if (host.etcd === "voter") {
    containers.etcd = container(etcdProcess(topology, hosts, host, "x86_64"));
  }
  if (host.roles.includes("controlplane")) {
    containers["kube-apiserver"] = container(kubeApiServerProcess(topology, hosts, host));
  }
  return {
    reachable: true,
    host: host.name,
    architecture: "x86_64",
    clockSkew: 12,
    freeBytes: 1e11,
    etcdBytes: 1e8,
    tools: { curl: true, root: true, docker: "20.10.24", flock: true, rke: true },
    epoch: 1,
    cluster: "lab",
    act: "primary",
    plan: {},
    steps: {},
    containers,
    etcd:
      host.etcd === "voter"
        ? { revision: 478, raftTerm: 3, dbBytes: 737280, version: "3.4.23", quorum: false, learner: false }
        : undefined,
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
      certificateEnds: "Nov 18 12:00:00 2036 GMT",
      clusterYml: "",
    },
    trust: Object.fromEntries(hosts.map((h) => [`root@${h.address}:22`, "ok"])),
    answers: [],
    ...change,
  };
}

/** Datacenter a is gone; `change` alters what a host says, `null` makes it unreachable. */
export function afterLossOfA(
  topology: Topology,
  change: Record<string, Partial<Reachable> | null> = {},
  answers: string[] = [],
): Observation {
  return {
    hosts: Object.fromEntries(
      survivors(topology, "a").map((h) => {
        const own = change[h.name];
        return [
          h.name,
          own === null ? { reachable: false, host: h.name, reason: "connect timed out" } : survivor(topology, h, own),
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
