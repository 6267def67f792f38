import assert from "node:assert/strict";
import { peerUrl } from "../../../plan/etcd/urls";
import type { EtcdStatus, Member, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { allHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { container, named, record, survivor } from "./observations";
import { seed } from "./topologies";

export const topology = seed();
const act = "failover:a:forceNewCluster:master3";
const files = ["cluster.yml", "cluster.rkestate", "cluster.rkestate.before-epoch-2", "ssh/id_ed25519"];

/** Datacenter a has power again after the failover of epoch 2; `change` alters what a host says. */
export function returned(change: Record<string, Partial<Reachable>> = {}, of: Topology = topology): Observation {
  const deploy = { files, server: "https://192.168.31.103:6443", clusterYml: "" };
  const steps = Object.fromEntries(["rke-up", "verify"].map((name) => [name, record(name, 2, 1)]));
  return {
    hosts: Object.fromEntries(
      allHosts(of).map((h) => [
        h.name,
        survivor(of, h, {
          ...(h.datacenter === "b" ? { epoch: 2, act, deploy, steps } : { etcd: undefined }),
          ...(h.name === "master3" ? { etcd: serving(of), members: [memberOf(h)] } : {}),
          ...change[h.name],
        }),
      ]),
    ),
    answers: [],
    at: 1,
  };
}

export const hostOf =
  (of: Topology) =>
  (name: string): Host => {
    const found = allHosts(of).find((h) => h.name === name);
    assert.ok(found);
    return found;
  };

/** An etcd that answers linearizable reads. */
export function serving(of: Topology): EtcdStatus {
  const voter = allHosts(of).find((h) => h.etcd === "voter");
  assert.ok(voter);
  return { ...survivor(of, voter).etcd, quorum: true } as EtcdStatus;
}

/** As `member list` tells of it; the ID is made from the host's name. */
export const memberOf = (host: Host, change: Partial<Member> = {}): Member => ({
  id: `id-${host.name}`,
  started: true,
  name: `etcd-${host.name}`,
  peerUrls: [peerUrl(host)],
  learner: false,
  ...change,
});

/** The return guard, as a host reports it that has one. */
export const guarded = { "rke-dr-guard": container(named("rke-dr-guard")) };
