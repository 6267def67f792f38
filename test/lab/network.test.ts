import { deepStrictEqual, equal, match, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { sshdConfig } from "../../lab/hosts/disk";
import {
  fabricLines,
  linkName,
  macOf,
  operatorLines,
  planNetwork,
  toNumber,
  toText,
} from "../../lab/network/network-plan";
import { hostsFile, type LabTopology, loginOf, readTopology, targetHosts } from "../../lab/state/topology";

const seed = readTopology(readFileSync(join(__dirname, "fixtures/seed.yaml"), "utf8"), "seed.yaml");

const hosts = (...addresses: string[]): LabTopology => ({
  ssh: { user: "root", port: 22 },
  datacenters: [{ name: "a", deployHost: "h0", hosts: addresses.map((address, i) => ({ name: `h${i}`, address })) }],
});

describe("lab: topology", () => {
  it("reads the seed's five hosts", () =>
    deepStrictEqual(
      seed.datacenters.map((dc) => [dc.name, dc.deployHost, dc.hosts.map(({ name }) => name)]),
      [
        ["a", "master1", ["master1", "master2", "node1"]],
        ["b", "master3", ["master3", "node2"]],
      ],
    ));
  it("reads a bare topology, and `config: topology:` without value", () => {
    const bare = "datacenters: [{name: a, deployHost: m, hosts: [{name: m, address: 10.0.0.1}]}]";
    equal(readTopology(bare, "f").ssh.port, 22);
    equal(readTopology(`config: {topology: {${bare}}}`, "f").datacenters.length, 1);
  });
  it("reads each host's own login, or the one for all", () => {
    const text =
      "ssh: {user: rke}\ndatacenters: [{name: a, hosts: [{name: m, address: 10.0.0.1}, {name: n, address: 10.0.0.2, ssh: {user: ops, port: 2222}}]}]";
    const topology = readTopology(text, "f");
    deepStrictEqual(
      topology.datacenters[0]?.hosts.map((h) => loginOf(topology, h)),
      [
        { user: "rke", port: 22 },
        { user: "ops", port: 2222 },
      ],
    );
  });
  it("lets root in, or another user alone", () => {
    match(sshdConfig({ user: "root", port: 22 }), /^PermitRootLogin prohibit-password$/m);
    match(sshdConfig({ user: "rke", port: 2222 }), /^Port 2222\n(.+\n)*PermitRootLogin no$/m);
  });
  it("takes a host whose address is a name to be at its internal address", () => {
    const text = "datacenters: [{name: a, hosts: [{name: m, address: m.example.com, internalAddress: 10.0.0.1}]}]";
    const topology = readTopology(text, "f");
    deepStrictEqual(topology.datacenters[0]?.hosts, [
      { name: "m", address: "10.0.0.1", internalAddress: "10.0.0.1", dnsName: "m.example.com" },
    ]);
    equal(hostsFile(topology), "10.0.0.1\tm.example.com\n");
  });
  const bad: [string, string, string][] = [
    [
      "a name without an address",
      "datacenters: [{name: a, hosts: [{name: m, address: m.example.com}]}]",
      "f: topology.datacenters[0].hosts[0].internalAddress: must be given beside a name as address",
    ],
    ["empty", "{}", "f: topology.datacenters: Invalid input: expected array, received undefined, is missing"],
    [
      "no address",
      "datacenters: [{name: a, deployHost: m, hosts: [{name: m, address: 192.168.31}]}]",
      'f: topology.datacenters[0].hosts[0].address: must be an IPv4 address, is "192.168.31"',
    ],
    [
      "several errors at once",
      "datacenters: [{name: a, deployHost: x, hosts: [{name: m, address: 10.0.0.1}, {name: m, address: 10.0.0.1}]}]",
      [
        'f: topology.datacenters[0].hosts[1].name: must be used once, "m" is also topology.datacenters[0].hosts[0].name',
        'f: topology.datacenters[0].hosts[1].address: must be used once, "10.0.0.1" is also topology.datacenters[0].hosts[0].address',
        'f: topology.datacenters[0].deployHost: must be one of its hosts, is "x"',
      ].join("\n"),
    ],
  ];
  for (const [name, text, message] of bad)
    it(`refuses: ${name}`, () => throws(() => readTopology(text, "f"), { message }));

  const targets: [string, string[]][] = [
    ["a", ["master1", "master2", "node1"]],
    ["node2", ["node2"]],
  ];
  for (const [target, names] of targets)
    it(`target ${target}`, () =>
      deepStrictEqual(
        targetHosts(seed, target).map(({ name }) => name),
        names,
      ));
  it("refuses an unknown target", () =>
    throws(() => targetHosts(seed, "c"), {
      message:
        'target: must be a host or a datacenter of the lab (a, b, master1, master2, node1, master3, node2), is "c"',
    }));
});

describe("lab: network", () => {
  const plan = planNetwork("rkelab-abcdef", seed);
  it("gives the operator an address of its own in each datacenter", () => {
    deepStrictEqual(
      plan.datacenters.map((dc) => [dc.operatorLink, dc.operatorAddress]),
      [
        ["to-a", "192.168.31.11"],
        ["to-b", "192.168.31.12"],
      ],
    );
    equal(plan.prefixLength, 24);
  });
  it("routes each host through its own datacenter's link", () =>
    deepStrictEqual(
      operatorLines(plan).filter((line) => line.startsWith("route")),
      [
        "route add 192.168.31.101/32 dev to-a src 192.168.31.11",
        "route add 192.168.31.102/32 dev to-a src 192.168.31.11",
        "route add 192.168.31.104/32 dev to-a src 192.168.31.11",
        "route add 192.168.31.103/32 dev to-b src 192.168.31.12",
        "route add 192.168.31.105/32 dev to-b src 192.168.31.12",
      ],
    ));
  it("is a star: one link from each datacenter to the core", () => {
    const lines = fabricLines(plan);
    equal(lines.filter((line) => line.endsWith("type bridge")).length, 3);
    equal(lines.filter((line) => line.includes("master core")).length, 2);
  });
  it("takes no host's address for the operator", () => {
    const [dc] = planNetwork("l", hosts("10.0.0.11", "10.0.0.13")).datacenters;
    equal(dc?.operatorAddress, "10.0.0.12");
  });
  const prefixes: [string[], number][] = [
    [["10.0.0.1", "10.0.0.200"], 24],
    [["10.0.0.1", "10.0.1.1"], 23],
    [["10.1.0.1", "10.2.0.1"], 14],
  ];
  for (const [addresses, length] of prefixes)
    it(`${addresses.join(" and ")} share /${length}`, () =>
      equal(planNetwork("l", hosts(...addresses)).prefixLength, length));
  it("refuses addresses that no one network holds", () =>
    throws(() => planNetwork("l", hosts("10.0.0.1", "192.168.0.1")), { message: /must share their first 8 bits/ }));
  it("keeps a host's network card over a power cut", () => equal(macOf("192.168.31.101"), "02:1a:c0:a8:1f:65"));
  it("shortens long names to what Linux takes, telling them apart", () =>
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/),
        fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/),
        (one, two) => {
          const [first, second] = [linkName("h-", one), linkName("h-", two)];
          return first.length <= 15 && (one === two) === (first === second);
        },
      ),
    ));
  it("turns addresses into numbers and back", () =>
    fc.assert(fc.property(fc.ipV4(), (address) => toText(toNumber(address)) === address)));
});
