import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { serviceIp } from "../../plan/addresses";
import { parseTopology, TopologyError, warnings } from "../../plan/topology";
import { raw, seed, seedHosts } from "./topologies";

const base = () => raw(seedHosts);
type Raw = ReturnType<typeof base> & { datacenters: { deployHost: string; hosts: Record<string, unknown>[] }[] };
const changed = (change: (value: Raw) => void): unknown => {
  const value = structuredClone(base()) as Raw;
  change(value);
  return value;
};
const host = (value: Raw, dc: number, i: number): Record<string, unknown> => {
  const found = value.datacenters[dc]?.hosts[i];
  assert.ok(found);
  return found;
};

describe("the topology in Pulumi.yaml", () => {
  it("is valid", () => {
    const project = parse(readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8"));
    const topology = parseTopology(project.config.topology.value);
    assert.deepEqual(
      topology.datacenters.map((dc) => dc.hosts.map((h) => h.name)),
      [
        ["master1", "master2", "node1"],
        ["master3", "node2"],
      ],
    );
  });
});

describe("errors of a topology name item, rule and value", () => {
  const cases: [string, unknown, RegExp][] = [
    ["nothing", undefined, /^ {2}topology: .*: nothing$/m],
    [
      "a bad address",
      changed((t) => {
        host(t, 1, 0).address = "192.168.31";
      }),
      /topology\.datacenters\[1\]\.hosts\[0\]\.address: is not an IPv4 address: "192\.168\.31"/,
    ],
    [
      "an IPv6 address",
      changed((t) => {
        host(t, 1, 0).address = "fd00::3";
      }),
      /is not an IPv4 address: "fd00::3"/,
    ],
    [
      "an argument that would move etcd's data",
      changed((t) => {
        t.etcd = { extraArgs: { "data-dir": "/elsewhere" } };
      }),
      /topology\.etcd\.extraArgs\.data-dir: is an argument that must stay RKE's/,
    ],
    [
      "a bad name",
      changed((t) => {
        host(t, 0, 0).name = "Master_1";
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]\.name: is not a DNS-1123 label: "Master_1"/,
    ],
    [
      "an unknown key",
      changed((t) => {
        host(t, 0, 0).adress = "1.2.3.4";
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]: unknown key: "adress"/,
    ],
    [
      "an unknown role",
      changed((t) => {
        host(t, 0, 0).roles = ["control-plane"];
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]\.roles\[0\]: .*: "control-plane"/,
    ],
    [
      "an unknown version",
      changed((t) => {
        t.kubernetesVersion = "v1.99.0";
      }),
      /topology\.kubernetesVersion: is not a version that this program knows .*: "v1\.99\.0"/,
    ],
    [
      "a host's name twice",
      changed((t) => {
        host(t, 1, 0).name = "master1";
      }),
      /a host's name is used twice: "master1"/,
    ],
    [
      "an address twice",
      changed((t) => {
        host(t, 1, 0).address = "192.168.31.101";
      }),
      /an address is used twice: "192\.168\.31\.101"/,
    ],
    [
      "a deploy host of the other side",
      changed((t) => {
        const dc = t.datacenters[0];
        if (dc) dc.deployHost = "master3";
      }),
      /topology\.datacenters\[0\]\.deployHost: is not a host of datacenter a: "master3"/,
    ],
    [
      "an unknown standby",
      changed((t) => {
        t.standby = "c";
      }),
      /topology\.standby: is not one of the datacenters: "c"/,
    ],
    [
      "no host key",
      changed((t) => {
        delete host(t, 0, 0).hostKey;
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]\.hostKey: .*: nothing/,
    ],
    [
      "a host key that is none",
      changed((t) => {
        host(t, 0, 0).hostKey = "SHA256:abc";
      }),
      /hostKey: is neither a public host key .* nor the word unpinned: "SHA256:abc"/,
    ],
    [
      "no voter",
      changed((t) => {
        for (const dc of t.datacenters) for (const h of dc.hosts) h.roles = ["controlplane"];
      }),
      /no host has the role etcd/,
    ],
    [
      "a modelled key under rke",
      changed((t) => {
        t.rke = { services: { "kube-api": { service_cluster_ip_range: "10.0.0.0/8" } } };
      }),
      /topology\.rke\.services\.kube-api\.service_cluster_ip_range: is said by the topology itself/,
    ],
  ];
  for (const [what, value, expected] of cases) {
    it(what, () =>
      assert.throws(
        () => parseTopology(value),
        (e) => e instanceof TopologyError && expected.test(e.message),
      ),
    );
  }

  it("all at once", () => {
    const value = changed((t) => {
      host(t, 0, 0).address = "x";
      host(t, 0, 1).address = "y";
      t.standby = 7 as unknown as string;
    });
    assert.throws(
      () => parseTopology(value),
      (e) => e instanceof TopologyError && e.problems.length === 3,
    );
  });
});

describe("warnings", () => {
  it("an even number of voters", () => {
    const even = raw({ a: { master1: seedHosts.a.master1 }, b: seedHosts.b });
    assert.match(warnings(parseTopology(even)).join("\n"), /2 voters tolerate no more failures than 1/);
  });
  it("host keys that aren't pinned", () => {
    assert.match(warnings(seed()).join("\n"), /not checked for master1, master2, node1, master3, node2/);
  });
});

describe("the service IP", () => {
  for (const [cidr, ip] of [
    ["10.43.0.0/16", "10.43.0.1"],
    ["10.96.0.0/12", "10.96.0.1"],
    ["10.100.7.9/12", "10.96.0.1"],
  ] as const) {
    it(`of ${cidr} is ${ip}`, () => assert.equal(serviceIp(cidr), ip));
  }
});
