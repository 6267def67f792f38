import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology, TopologyError, warnings } from "../../../plan/declaration/declaration";
import { serviceIp } from "../../../plan/values/addresses";
import { raw, seed, seedHosts } from "../worlds/topologies";

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
    const project = parse(readFileSync(join(__dirname, "../../../Pulumi.yaml"), "utf8"));
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

const witness = (more: Record<string, unknown>, roles = ["etcd"]) =>
  changed((t) => {
    const host = { name: "w1", address: "192.168.31.106", roles, hostKey: "unpinned" };
    (t.datacenters as unknown[]).push({ name: "c", witness: true, hosts: [host], ...more });
  });
/** The topology with one more key, and what is told of it. */
const key = (name: string, value: unknown, expected: RegExp): [string, unknown, RegExp] => [
  `${name}: ${JSON.stringify(value)}`,
  { ...base(), [name]: value },
  expected,
];
const refusals: [string, unknown, RegExp][] = [
  key("etcd", { electionTimeout: 2000 }, /etcd\.electionTimeout: is less than five heartbeats of 500 ms: 2000/),
  key("etcd", { electionTimeout: 60000 }, /etcd\.electionTimeout: is more than etcd's 50000 ms: 60000/),
  key(
    "etcd",
    { heartbeatInterval: 100, extraArgs: { "heartbeat-interval": "100" } },
    /etcd\.extraArgs\.heartbeat-interval: is said by etcd\.heartbeatInterval already: "100"/,
  ),
  key("etcd", { extraArgs: { "election-timeout": "5s" } }, /election-timeout is not a number of milliseconds: "5s"/),
  key("etcd", { snapshots: { every: "90 minutes" } }, /snapshots\.every: is not a time like "15m".*: "90 minutes"/),
  key("etcd", { snapshots: { every: "1h", keep: { count: 0 } } }, /snapshots\.keep\.count: .*: 0/),
  key(
    "etcd",
    { version: "3.5.3" },
    /etcd\.version: isn't what runs, rancher\/coreos-etcd:v3\.4\.14-rancher1 .*: "3\.5\.3"/,
  ),
  key("rke", { system_images: { etcd: "mine/etcd:v3.6.1" } }, /system_images\.etcd: etcd 3\.6\.1 has no v2 API/),
  key("fence", { master9: "true" }, /fence: is not a host \(did you mean "master1"\?\): "master9"/),
  key("fence", { master1: "" }, /fence\.master1: is empty: ""/),
  key("targets", { rpoSecs: 60 }, /targets: unknown key \(did you mean "rpoSeconds"\?\): "rpoSecs"/),
  key("targets", { rtoSeconds: 0 }, /targets\.rtoSeconds: .*: 0/),
  key("accept", [{ finding: "x" }], /accept\[0\]\.reason: .*: nothing/),
  key("pki", "adopt", /pki: is none of the words.*did you mean "adopted"\?\): "adopt"/),
  key("ssh", { bastion: { host: "bastion.example" } }, /ssh\.bastion\.hostKey: .*: nothing/),
  key("order", ["master1", "master1", "x"], /order: is not a host .*: "x"[\s\S]*twice: "master1"[\s\S]*every host/),
  ["a witness with a deploy host", witness({ deployHost: "w1" }), /\[2\]\.deployHost: a witness has none.*: "w1"/],
  ["a witness with workers", witness({}, ["etcd", "worker"]), /\[2\]\.witness: .*the role etcd and no other: \["w1"\]/],
  ["no deploy host", witness({ witness: false }), /datacenters\[2\]\.deployHost: is missing/],
  [
    "a witness as the standby",
    { ...(witness({}) as object), standby: "c" },
    /topology\.standby: is a witness, which can't take over: "c"/,
  ],
  [
    "one datacenter and a witness",
    changed((t) => {
      t.datacenters.pop();
      const host = { name: "w1", address: "192.168.31.106", roles: ["etcd"], hostKey: "unpinned" };
      (t.datacenters as unknown[]).push({ name: "b", witness: true, hosts: [host] });
    }),
    /datacenters: needs two datacenters besides witnesses: \["a"\]/,
  ],
  [
    "a name that is another host's address",
    changed((t) => {
      host(t, 0, 0).name = "10.0.0.9";
    }),
    /hosts\[0\]\.name: is an address, but not the host's own \(192\.168\.31\.101\): "10\.0\.0\.9"/,
  ],
];

describe("errors of a topology name item, rule and value", () => {
  const cases: [string, unknown, RegExp][] = [
    ["nothing", undefined, /^ {2}topology: .*: nothing$/m],
    [
      "a bad address",
      changed((t) => {
        host(t, 1, 0).address = "192.168.31";
      }),
      /topology\.datacenters\[1\]\.hosts\[0\]\.address: is neither an IPv4 address nor a DNS name: "192\.168\.31"/,
    ],
    [
      "an IPv6 address",
      changed((t) => {
        host(t, 1, 0).address = "fd00::3";
      }),
      /is neither an IPv4 address nor a DNS name: "fd00::3"/,
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
      /topology\.datacenters\[0\]\.hosts\[0\]\.name: is not a DNS-1123 name: "Master_1"/,
    ],
    [
      "an unknown key",
      changed((t) => {
        host(t, 0, 0).adress = "1.2.3.4";
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]: unknown key \(did you mean "address"\?\): "adress"/,
    ],
    [
      "an unknown role",
      changed((t) => {
        host(t, 0, 0).roles = ["control-plane"];
      }),
      /topology\.datacenters\[0\]\.hosts\[0\]\.roles\[0\]: .*\(did you mean "controlplane"\?\): "control-plane"/,
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
      /topology\.datacenters\[0\]\.deployHost: is not a host of datacenter a \(did you mean "master1"\?\): "master3"/,
    ],
    [
      "an unknown standby",
      changed((t) => {
        t.standby = "c";
      }),
      /topology\.standby: is not one of the datacenters \(known are a, b\): "c"/,
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
    ...refusals,
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
      host(t, 0, 0).address = "x_";
      host(t, 0, 1).address = "y_";
      t.standby = 7 as unknown as string;
    });
    assert.throws(
      () => parseTopology(value),
      (e) => e instanceof TopologyError && e.problems.length === 3,
    );
  });
});

describe("errors that span several keys are told together with those of single ones", () => {
  const told = (change: (t: Raw) => void) => {
    try {
      parseTopology(changed(change));
    } catch (error) {
      return error instanceof TopologyError ? error.problems : [String(error)];
    }
    return [];
  };
  it("duplicates, references, two learners and a modelled key beside a bad address", () => {
    const problems = told((t) => {
      host(t, 0, 0).address = "x_";
      host(t, 0, 1).name = "master1";
      for (const [i, j] of [
        [0, 2],
        [1, 1],
      ] as const) {
        host(t, i, j).etcd = "learner";
      }
      const dc = t.datacenters[1];
      if (dc) dc.deployHost = "master9";
      Object.assign(t, { standby: "c", rke: { nodes: [] } });
    });
    assert.deepEqual(
      problems.map((problem) => problem.replace(/: [^:]*$/, "")),
      [
        "topology.datacenters[0].hosts[0].address: is neither an IPv4 address nor a DNS name",
        "topology.datacenters: a host's name is used twice",
        'topology.datacenters[1].deployHost: is not a host of datacenter b (did you mean "master3"?)',
        "topology.standby: is not one of the datacenters (known are a, b)",
        "topology.datacenters: etcd takes one learner at a time",
        "topology.rke.nodes: is said by the topology itself, not under rke",
      ],
    );
  });
  it("and nothing is told of what only seems to lack", () => {
    const problems = told((t) => {
      for (const dc of t.datacenters) for (const h of dc.hosts) h.roles = ["etcdd"];
      t.datacenters[0] = { deployhost: "master1", ...t.datacenters[0], deployHost: undefined as never } as never;
    });
    assert.ok(problems.every((problem) => /roles\[0\]|unknown key \(did you mean "deployHost"\?\)/.test(problem)));
    assert.equal(problems.length, 6);
  });
  it("a text where a mapping or a list belongs", () => {
    const problems = told((t) => {
      Object.assign(t, { datacenters: "a, b", etcd: 7 });
    });
    assert.deepEqual(problems, ["topology.etcd: is not a mapping: 7", 'topology.datacenters: is not a list: "a, b"']);
  });
});

describe("warnings", () => {
  it("an even number of voters", () => {
    const even = raw({ a: { master1: seedHosts.a.master1 }, b: seedHosts.b });
    assert.match(warnings(parseTopology(even)).join("\n"), /2 voters tolerate no more failures than 1/);
  });
  it("a bastion that is lost with a datacenter", () => {
    const bastion = { host: "192.168.31.101", hostKey: "unpinned" };
    const told = warnings(parseTopology(raw(seedHosts, { ssh: { bastion } }))).join("\n");
    assert.match(told, /ssh\.bastion is master1 of datacenter a: with it goes the way to all others/);
    assert.match(told, /ssh\.bastion: its host key is not checked/);
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
