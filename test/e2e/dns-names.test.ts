import assert from "node:assert/strict";
import { join } from "node:path";
import { onRequest } from "./on-request";
import { World } from "./world";

const topology = join(__dirname, "../../topologies/dns-names.yaml");

onRequest("dns-names", "hosts whose addresses are DNS names", function () {
  this.timeout(600_000);
  const world = new World();
  before(async function () {
    this.timeout(1_800_000);
    await world.lab.up({ topology });
  });
  after(() => world.lab.down());

  it("an act is refused for the hosts that have a name alone, and nothing is changed", async () => {
    const clone = await world.lab.newClone("names-alone");
    world.edit(clone, "Pulumi.yaml", (text) => text.replace(/^ *internalAddress: 192\.168\.31\.10[25]\n/gm, ""));
    const refused = await world.pulumi(clone, "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.notEqual(refused.code, 0);
    for (const name of ["master2.dc-a", "node2.dc-b"])
      assert.match(refused.all, new RegExp(`internalAddress must be an IPv4 address for an act: "${name}.example"`));
    assert.doesNotMatch(refused.all, /internalAddress must be .*master1/);
    for (const { name } of world.lab.hosts())
      assert.equal((await world.on(name, "ls -A /var/lib/rke-dr 2>/dev/null || true")).trim(), "", name);
  });

  it("names with internal addresses: a cluster is made, and a failover recovers it", async () => {
    const built = await world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
    const yml = await world.on("master3", "cat /etc/rke-dr/cluster.yml");
    assert.match(yml, /address: master3\.dc-b\.example\n +internal_address: 192\.168\.31\.103/);
    await world.lab.powerOff("a");
    const clone = await world.confirmed("by-name");
    const done = await world.failover(clone);
    assert.equal(done.code, 0, done.all);
    assert.equal((await world.upAgain(clone)).code, 0);
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.equal(nodes.stdout.trim().split("\n").sort().join(), "node/master3,node/node2");
    const members = await world.on("master3", "docker exec etcd etcdctl member list");
    assert.equal(members.trim().split("\n").length, 1, members);
    assert.match(members, /etcd-master3, https:\/\/192\.168\.31\.103:2380/);
  });
});
