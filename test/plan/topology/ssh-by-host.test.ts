import assert from "node:assert/strict";
import { refusedAddresses } from "../../../plan/acts/failover/isolation";
import { parseTopology } from "../../../plan/declaration/declaration";
import { addressProblems } from "../../../plan/guards/hosts";
import { clusterYml } from "../../../plan/installers/rke/cluster-yml";
import { inPeace } from "../../../plan/topology/site";
import { allHosts, sshTarget } from "../../../plan/topology/topology";
import { raw, seedHosts } from "../worlds/topologies";

/** The seed's topology; master3 has other words for SSH, node2 a name for an address. */
function changed() {
  const topology = structuredClone(raw(seedHosts)) as { datacenters: { hosts: Record<string, unknown>[] }[] };
  const hosts = topology.datacenters.flatMap((dc) => dc.hosts);
  Object.assign(hosts.find((h) => h.name === "master3") ?? {}, { ssh: { user: "ubuntu", port: 2222 } });
  Object.assign(hosts.find((h) => h.name === "node2") ?? {}, { address: "node2.example" });
  return parseTopology(topology);
}

describe("a host with words of its own", () => {
  const topology = changed();
  const host = (name: string) => {
    const found = allHosts(topology).find((h) => h.name === name);
    assert.ok(found);
    return found;
  };
  it("is reached by them, all others by those for all", () => {
    assert.deepEqual(
      ["master1", "master3"].map((name) => sshTarget(topology, host(name))),
      ["root@192.168.31.101:22", "ubuntu@192.168.31.103:2222"],
    );
  });
  it("has them in cluster.yml", () => {
    const nodes = clusterYml(inPeace(topology)).nodes as Record<string, unknown>[];
    const found = nodes.find((n) => n.hostname_override === "master3");
    assert.deepEqual([found?.user, found?.port], ["ubuntu", "2222"]);
  });
  it("and a name for an address is refused for an act, and is no address to refuse", () => {
    assert.match(
      addressProblems(allHosts(topology)).join("\n"),
      /^node2: internalAddress must be an IPv4 address.*"node2\.example"\n/,
    );
    assert.match(
      addressProblems([{ ...host("node1"), internalAddress: "fd00::11" }]).join("\n"),
      /^node1: internalAddress must be an IPv4 address for an act: "fd00::11"\nImport and render know IPv6/,
    );
    assert.deepEqual(refusedAddresses([host("node2"), host("node1")]), ["192.168.31.104"]);
  });
});
