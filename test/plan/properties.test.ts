import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { parseTopology, TopologyError } from "../../plan/declaration/declaration";
import { ImportError, importTopology } from "../../plan/import/import";
import { clusterYml, clusterYmlText } from "../../plan/installers/rke/cluster-yml";
import { pages } from "../../plan/review/pages";
import { render } from "../../plan/review/rendering";
import { inPeace } from "../../plan/topology/site";
import type { Topology } from "../../plan/topology/topology";
import { seed } from "./worlds/topologies";

type Plain = Record<string, unknown>;

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const roles = fc.subarray(["controlplane", "etcd", "worker"], { minLength: 1 });
const settings = fc.dictionary(word, fc.oneof(word, fc.integer(), fc.boolean(), fc.dictionary(word, word)));
const texts = fc.dictionary(word, word, { maxKeys: 3 });
const rke = fc.record(
  {
    network: settings,
    ingress: settings,
    services: fc.record(
      { etcd: texts, "kube-api": texts, "kube-controller": texts, kubelet: texts, scheduler: texts },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const host = fc.record({
  roles,
  internal: fc.boolean(),
  labels: fc.dictionary(word, word, { maxKeys: 2 }),
  taints: fc.array(
    fc.record({ key: word, value: word, effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute") }),
    { maxLength: 2 },
  ),
});

/** Topologies as they stand in Pulumi.yaml; most of them are valid, some have no voter or no standby to speak of. */
const rawTopology: fc.Arbitrary<Plain> = fc
  .record({
    datacenters: fc.array(fc.array(host, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
    standby: fc.nat(2),
    port: fc.constantFrom(22, 2222),
    serviceCidr: fc.constantFrom("10.43.0.0/16", "10.96.0.0/12"),
    clusterDomain: fc.constantFrom("cluster.local", "k8s.example"),
    etcd: fc.dictionary(word, word, { maxKeys: 2 }),
    api: fc.dictionary(word, word, { maxKeys: 2 }),
    rke,
  })
  .map(({ datacenters, standby, port, serviceCidr, clusterDomain, etcd, api, rke }) => ({
    cluster: "lab",
    kubernetesVersion: "v1.20.5-rancher1-1",
    standby: `dc${standby % datacenters.length}`,
    ssh: { user: "root", port },
    serviceCidr,
    clusterDomain,
    etcd: { extraArgs: etcd },
    kubeApi: { extraArgs: api },
    datacenters: datacenters.map((hosts, i) => ({
      name: `dc${i}`,
      deployHost: `h${i}-0`,
      hosts: hosts.map(({ internal, ...rest }, j) => ({
        name: `h${i}-${j}`,
        address: `10.${i}.0.${j + 1}`,
        ...(internal ? { internalAddress: `172.20.${i}.${j + 1}` } : {}),
        hostKey: "unpinned",
        ...rest,
      })),
    })),
    rke,
  }));

/** The topology, or undefined where it was refused in the one way in which it may be. */
function accepted(value: unknown): Topology | undefined {
  try {
    return parseTopology(value);
  } catch (error) {
    assert.ok(error instanceof TopologyError, `${error}`);
    return undefined;
  }
}

/** The part under `rke:` is RKE's; if it isn't even a mapping, cluster.yml's builder says so. */
function rendersOrIsRefused(topology: Topology): void {
  try {
    pages(topology);
  } catch (error) {
    assert.match(`${error}`, /topology\.rke\.\S+: is not a mapping/);
  }
}

/** The same with the keys of every mapping in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, v]) => [key, reversed(v)]),
      )
    : value;
}

/** The same with one value somewhere replaced. */
function mutated(value: unknown, path: number[], by: unknown): unknown {
  const [at, ...rest] = path;
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (at === undefined || entries.length === 0) {
    return by;
  }
  const chosen = at % entries.length;
  const changed = entries.map(([key, v], i) => [key, i === chosen ? mutated(v, rest, by) : v]);
  return Array.isArray(value) ? changed.map(([, v]) => v) : Object.fromEntries(changed);
}

const acts = (topology: Topology) => [
  { stack: "primary" as const },
  ...topology.datacenters.map((dc) => ({ stack: "failover" as const, lost: dc.name })),
];

describe("for every topology", function () {
  this.timeout(60_000);

  it("that is accepted, all pages and acts render", () => {
    fc.assert(
      fc.property(rawTopology, (raw) => {
        const topology = accepted(raw);
        fc.pre(topology !== undefined);
        assert.ok(pages(topology)["README.md"]);
        for (const act of acts(topology)) {
          render(topology, act);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("with one value replaced by anything, it is refused as a topology or renders", () => {
    fc.assert(
      fc.property(rawTopology, fc.array(fc.nat(9), { maxLength: 6 }), fc.jsonValue(), (raw, path, by) => {
        const topology = accepted(mutated(raw, path, by));
        if (topology) {
          rendersOrIsRefused(topology);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("the order of keys doesn't matter", () => {
    fc.assert(
      fc.property(rawTopology, (raw) => {
        const topology = accepted(raw);
        fc.pre(topology !== undefined);
        const other = parseTopology(reversed(raw));
        for (const act of acts(topology)) {
          const one = render(topology, act);
          const two = render(other, act);
          // the order of what stands under rke: is the operator's, and RKE reads a mapping
          assert.deepEqual(parse(one.clusterYml), parse(two.clusterYml));
          assert.deepEqual({ ...one, clusterYml: "" }, { ...two, clusterYml: "" });
        }
      }),
      { numRuns: 30 },
    );
  });

  it("import of its cluster.yml renders the same", () => {
    fc.assert(
      fc.property(rawTopology, (raw) => {
        const topology = accepted(raw);
        fc.pre(topology !== undefined);
        const datacenters = Object.fromEntries(
          topology.datacenters.map((dc) => [dc.name, dc.hosts.map((h) => h.name)]),
        );
        const imported = (of: Topology) =>
          parseTopology(parse(importTopology(clusterYmlText(inPeace(of)), { datacenters, standby: of.standby })));
        const again = imported(topology);
        // a key that RKE doesn't have, and an empty mapping, are left out the first time
        assert.deepEqual(clusterYml(inPeace(imported(again))), clusterYml(inPeace(again)));
        const one = render(topology, { stack: "primary" });
        const two = render(again, { stack: "primary" });
        assert.deepEqual(
          { processes: one.processes, certificates: one.certificates },
          { processes: two.processes, certificates: two.certificates },
        );
      }),
      { numRuns: 30 },
    );
  });

  it("a cluster.yml with one value replaced by anything is imported, or refused by name", () => {
    const names = { a: ["master1", "master2", "node1"], b: ["master3", "node2"] };
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 5 }), fc.jsonValue(), (path, by) => {
        const text = stringify(mutated(clusterYml(inPeace(seed())), path, by));
        try {
          parseTopology(parse(importTopology(text, { datacenters: names, standby: "b" })));
        } catch (error) {
          assert.ok(error instanceof ImportError && error.problems.length > 0, `${error}`);
        }
      }),
      { numRuns: 500 },
    );
  });
});
