import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { parseTopology } from "../../../../plan/declaration/declaration";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { primaryGuards } from "../../../../plan/guards/primary";
import type { AdoptedCluster } from "../../../../plan/installers/rke/adopted";
import { commandOf, withArgument, withCommand } from "../../../../plan/runtimes/process";
import { clusterOrder } from "../../../../plan/topology/order";
import { hostOf, memberOf, returned, serving } from "../../worlds/failback-world";
import { container, record, survivor } from "../../worlds/observations";
import { waits } from "../../worlds/step-order";
import { raw, seedHosts } from "../../worlds/topologies";

const topology = parseTopology(raw(seedHosts, { pki: "adopted" }));
const master3 = hostOf(topology)("master3");

const adopted = (certificates: AdoptedCluster["certificates"] = {}): AdoptedCluster => ({
  text: "{}",
  certificates,
  hosts: clusterOrder(topology).map((h) => h.address),
  caSum: "sum",
});

/** A survivor's container as the failover has left it: with master3 alone in its arguments. */
function afterFailover(name: string, argument: string, value: string) {
  const found = survivor(topology, master3).processes[name];
  assert.ok(found);
  const process = withCommand(found.process, (command) => withArgument(command, argument, value));
  assert.ok(commandOf(process).includes(`--${argument}=${value}`));
  return container(process);
}

/** Datacenter a has power again after a failover of the adopted cluster. */
function back(change: Record<string, Partial<Reachable>> = {}): Observation {
  const sums = Object.fromEntries(clusterOrder(topology).map((h) => [h.name, { caSum: "sum", ...change[h.name] }]));
  return returned(
    {
      ...sums,
      master3: {
        epoch: 2,
        etcd: serving(topology),
        members: [memberOf(master3)],
        processes: {
          etcd: afterFailover("etcd", "initial-cluster", "etcd-master3=https://192.168.31.103:2380"),
          "kube-apiserver": afterFailover("kube-apiserver", "etcd-servers", "https://192.168.31.103:2379"),
        },
        ...sums.master3,
      },
    },
    topology,
  );
}

const stopped = (cluster: AdoptedCluster, seen: Observation) =>
  primaryGuards(topology, planPrimary(topology, 3, seen), seen, cluster, "primary@3").filter((v) => !v.ok);

describe("the failback of an adopted cluster", () => {
  it("runs rke up on the deploy host that ran the failover, and takes over nothing", () => {
    const { steps } = planPrimary(topology, 3, back());
    assert.deepEqual(
      steps.map((s) => s.name).filter((name) => /^(adopt|rke)/.test(name)),
      ["rke-state-back-master3", "rke-up-master3"],
    );
    assert.ok(waits(steps, "rke-up-master3", "rke-state-back-master3"));
    assert.ok(waits(steps, "rke-state-back-master3", "etcd-join-master1"));
  });

  it("no guard stops it, although the survivor runs with the failover's arguments", () =>
    assert.deepEqual(stopped(adopted(), back()), []));

  describe("the secret set anew from the deploy host's state, as docs/failback.md says", () => {
    const anew = (names: string[]): AdoptedCluster => ({
      ...adopted(),
      hosts: names.map((name) => hostOf(topology)(name).address),
    });
    const words = (cluster: AdoptedCluster, seen = back()) =>
      stopped(cluster, seen)
        .map((v) => `${v.guard}: ${v.found}`)
        .join("\n");

    it("lacks the hosts that return, since the failover took them out: it doesn't stop the failback", () =>
      assert.equal(words(anew(["master3", "node2"])), ""));
    it("doesn't stop what follows the failback either", () => {
      const done = { master3: { steps: { verify: record("verify", 3, 1), "rke-up": record("rke-up", 3, 1) } } };
      const all = Object.fromEntries(
        clusterOrder(topology).map((h) => [
          h.name,
          { ...done.master3, epoch: 3, act: "primary", plan: { role: "failback", lost: "a", from: "2" } },
        ]),
      );
      assert.equal(/must have each host/.test(words(anew(["master3", "node2"]), back(all))), false);
    });
    it("a survivor that it lacks stops it", () =>
      assert.match(words(anew(["master3"])), /^the cluster meant: rke-dr:adopted: must have .*: it lacks node2$/));
    it("survivors in another order stop it", () =>
      assert.match(
        words(anew(["node2", "master3"])),
        /^the cluster meant: rke-dr:adopted: its hosts must be in the topology's order 192\.168\.31\.103, 192\.168\.31\.105: /,
      ));
  });

  it("the same arguments stop an act that is no failback", () => {
    const peace = back(Object.fromEntries(clusterOrder(topology).map((h) => [h.name, { epoch: 1, act: "primary" }])));
    const found = primaryGuards(topology, planPrimary(topology, 1, peace), peace, adopted());
    assert.match(
      found.find((v) => v.guard === "the cluster meant")?.found ?? "",
      /master3: etcd must be what RKE would plan .*--initial-cluster=etcd-master3=https:\/\/192\.168\.31\.103:2380/,
    );
  });

  it("a returned host of another cluster stops it", () =>
    assert.match(
      stopped(adopted(), back({ master1: { caSum: "other" } }))
        .map((v) => v.found)
        .join("\n"),
      /^master1: its kube-ca must be that of rke-dr:adopted: it is another/,
    ));

  describe("a certificate of the secret that has ended", () => {
    const ends = new Date("2026-11-01T00:00:00Z");
    let pem = "";

    before(async () => {
      const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
      x509.cryptoProvider.set(webcrypto as Crypto);
      const made = await x509.X509CertificateGenerator.createSelfSigned({
        name: "CN=kube-etcd",
        keys: (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair,
        notBefore: new Date("2025-11-01T00:00:00Z"),
        notAfter: ends,
        signingAlgorithm: algorithm,
      });
      pem = made.toString("pem");
    });

    const foundAt = (name: string, at: number) =>
      stopped(adopted({ [name]: { certificate: pem, privateKey: "key" } }), { ...back(), at }).map((v) => v.found);

    it("stops it, by name", () =>
      assert.match(
        foundAt("kube-etcd-192-168-31-101", ends.getTime() + 1000).join("\n"),
        /^rke-dr:adopted: each certificate must be valid, .*: kube-etcd-192-168-31-101 ended 2026-11-01T00:00:00\.000Z$/,
      ));
    it("doesn't stop it before its end", () =>
      assert.deepEqual(foundAt("kube-etcd-192-168-31-101", ends.getTime() - 1000), []));
    it("doesn't stop it if only the key is used, as the service account's", () =>
      assert.deepEqual(foundAt("kube-service-account-token", ends.getTime() + 1000), []));
    it("doesn't stop it if no host uses it any more", () =>
      assert.deepEqual(foundAt("kube-etcd-192-168-31-109", ends.getTime() + 1000), []));
  });
});
