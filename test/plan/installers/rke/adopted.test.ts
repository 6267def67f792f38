import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import { parseTopology } from "../../../../plan/declaration/declaration";
import type { Reachable } from "../../../../plan/facts/facts";
import type { Observation } from "../../../../plan/facts/observation";
import { adoptionProblems } from "../../../../plan/guards/adoption";
import { primaryGuards } from "../../../../plan/guards/primary";
import { type AdoptedCluster, parseRkeState } from "../../../../plan/installers/rke/adopted";
import { clusterOrder } from "../../../../plan/topology/order";
import { survivor } from "../../worlds/observations";
import { raw, seedHosts } from "../../worlds/topologies";

const topology = parseTopology(raw(seedHosts, { pki: "adopted" }));
const hosts = clusterOrder(topology);
const pem = (name: string) => ({ certificatePEM: `${name} certificate`, keyPEM: `${name} key` });
const state = (change: object = {}, addresses = hosts.map((h) => h.address)) =>
  JSON.stringify({
    desiredState: {},
    currentState: {
      rkeConfig: { nodes: addresses.map((address) => ({ address, role: ["worker"] })) },
      certificatesBundle: {
        "kube-ca": pem("ca"),
        "kube-admin": pem("admin"),
        "kube-node": { ...pem("x"), keyPEM: "" },
      },
      ...change,
    },
  });
const adopted = (addresses?: string[]): AdoptedCluster => ({ ...parseRkeState(state({}, addresses)), caSum: "sum" });

/** A cluster that RKE built without this program. */
const foreign = (change: Record<string, Partial<Reachable>> = {}): Observation => ({
  hosts: Object.fromEntries(
    hosts.map((h) => [
      h.name,
      survivor(topology, h, { epoch: 0, act: undefined, caSum: "sum", deploy: undefined, ...change[h.name] }),
    ]),
  ),
  answers: [],
  at: 0,
});

/** A container's command with one argument replaced. */
function otherArgument(host: string, name: string, from: string, to: string): Record<string, Partial<Reachable>> {
  const found = hosts.find((h) => h.name === host);
  assert.ok(found);
  const { processes } = survivor(topology, found);
  const text = JSON.stringify(processes[name]);
  assert.ok(text.includes(from));
  return { [host]: { processes: { ...processes, [name]: JSON.parse(text.replace(from, to)) } } };
}

describe("an existing cluster's state", () => {
  it("gives what has a certificate and a key, and the order of hosts", () => {
    const read = parseRkeState(state());
    assert.deepEqual(Object.keys(read.certificates), ["kube-ca", "kube-admin"]);
    assert.deepEqual(
      read.hosts,
      hosts.map((h) => h.address),
    );
  });
  for (const [what, text, words] of [
    ["not JSON", "BEGIN secret", /^is not JSON$/],
    ["another JSON", "{}", /is not a cluster\.rkestate .* lacks currentState/],
    ["no key of the CA", state({ certificatesBundle: { "kube-admin": pem("admin") } }), /lacks .* kube-ca$/],
  ] as const) {
    it(`${what} is refused without repeating it`, () => {
      assert.throws(
        () => parseRkeState(text),
        (e) => e instanceof Error && words.test(e.message) && !/secret|key$/.test(e.message.replace(/the key/, "")),
      );
    });
  }
});

describe("taking over an existing cluster", () => {
  it("takes over its state, and runs no rke up", () => {
    const names = planPrimary(topology, 1, foreign()).steps.map((s) => s.name);
    assert.deepEqual(
      names.filter((n) => /^(adopt|rke)/.test(n)),
      ["adopt-master1", "adopt-master3"],
    );
  });

  it("is what the guards let pass where it runs as RKE plans from the topology", () => {
    const seen = foreign(
      otherArgument("master2", "etcd", "--initial-cluster-state=new", "--initial-cluster-state=existing"),
    );
    const failed = primaryGuards(topology, planPrimary(topology, 1, seen), seen, adopted()).filter((v) => !v.ok);
    assert.deepEqual(failed, []);
  });

  const cases: [string, Observation, AdoptedCluster, RegExp][] = [
    [
      "another argument",
      foreign(otherArgument("master2", "etcd", "--election-timeout=5000", "--election-timeout=7000")),
      adopted(),
      /^master2: etcd must be what RKE would plan .*: - --election-timeout=5000, \+ --election-timeout=7000$/m,
    ],
    [
      "another image",
      foreign(otherArgument("master1", "kube-apiserver", "hyperkube:v1.20.5", "hyperkube:v1.19.9")),
      adopted(),
      /^master1: kube-apiserver must be .*v1\.19\.9/,
    ],
    [
      "no etcd",
      foreign({ master2: { processes: {} } }),
      adopted(),
      /^master2: etcd must run: it doesn't\n.*\nmaster2: kube-apis/,
    ],
    [
      "another CA",
      foreign({ node1: { caSum: "other" } }),
      adopted(),
      /^node1: its kube-ca must be that of rke-dr:adopted: it is another\n/,
    ],
    [
      "another order of hosts",
      foreign(),
      adopted(hosts.map((h) => h.address).reverse()),
      /must be in the topology's order .*: 192\.168\.31\.104, .*\nWrite `order:` /,
    ],
    [
      "a host less and one more",
      foreign(),
      adopted([...hosts.slice(1).map((h) => h.address), "10.9.9.9"]),
      /must stand in the topology: 10\.9\.9\.9\n.*\n.*: it lacks master3\n/,
    ],
  ];
  for (const [what, seen, cluster, words] of cases) {
    it(`is refused: ${what}`, () => assert.match(adoptionProblems(topology, cluster, seen).join("\n"), words));
  }
});
