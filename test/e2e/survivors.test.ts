import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

/** Three of five voters are lost; master4, the deploy host, and master5 survive. */
onRequest("survivors", "several surviving voters", function () {
  this.timeout(600_000);
  const world = new World();
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: join(__dirname, "../../topologies/five.yaml") });
  });
  after(() => world.lab.down());

  const members = async (host: string) =>
    (await world.on(host, "docker exec etcd etcdctl member list"))
      .split("\n")
      .map((line) => line.split(", "))
      .map(([, , name, , , learner]) => `${name}${learner === "true" ? " (learner)" : ""}`)
      .sort();
  const servers = (host: string) =>
    world.on(host, "docker inspect kube-apiserver | grep -o 'etcd-servers=[^\"]*' | head -n 1");

  it("preview shows the ends of both WALs, and each one's part at the end", async () => {
    await world.wrote("before");
    await world.lab.powerOff("a");
    clone = await world.confirmed("failover");
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /-> master[45]: voter, revision \d+, its WAL ends at term \d+, index \d+/);
    assert.match(preview.all, /master5: voter, revision \d+, its WAL ends at term \d+, index \d+/);
    assert.match(preview.all, /etcd's members at the end/);
    assert.match(preview.all, /Guards: all hold/);
  });

  it("is killed right after the first write: the other voter is stopped, and its data is where it was", async () => {
    await world.killAt(clone, ["master4", "grep -q '\"epoch\":2,' /var/lib/rke-dr/steps/first-write"]);
    await world.wrote("after-first-write");
    await until("master5's old etcd is set aside", 60, () =>
      world.holds("master5", "docker inspect etcd-before-epoch-2"),
    );
    assert.equal(await world.holds("master5", "docker inspect etcd"), false);
    assert.equal(await world.holds("master5", "test -s /var/lib/etcd/member/snap/db"), true);
    assert.deepEqual(await members("master4"), ["etcd-master4"]);
    assert.match(await servers("master5"), /^etcd-servers=https:\/\/192\.168\.31\.103:2379$/);
  });

  it("is killed between adding the other as a learner and promoting it, and that host dies", async () => {
    // with its power gone at that moment, the step there can't go on and promote it
    await world.killAt(clone, ["master5", "docker inspect etcd"], "master5");
    await world.lab.powerOff("master5");
    await world.wrote("without-master5");
    assert.deepEqual(
      (await members("master4")).filter((name) => name.startsWith("etcd-master4")),
      ["etcd-master4"],
    );
  });

  it("goes on without it, says so, and ends with one member", async () => {
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /master5 can't be reached, or was given up by an earlier run/);
    const up = await world.failover(clone);
    assert.equal(up.code, 0, up.all);
    assert.deepEqual(await members("master4"), ["etcd-master4"]);
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.deepEqual(nodes.stdout.trim().split("\n").sort(), ["node/master4", "node/node1"]);
    for (const name of ["before", "after-first-write", "without-master5"]) await world.kept(name);
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });

  it("failback brings the lost side back, and the survivor that was given up", async () => {
    for (const target of ["a", "master5"]) await world.lab.powerOn(target);
    const project = await world.lab.project();
    await world.set(project, "epoch", "3", "primary");
    await world.set(project, "confirm", "primary@3", "primary");
    const back = await world.pulumi(project, "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(back.code, 0, back.all);
    const all = ["etcd-master1", "etcd-master4", "etcd-master5", "etcd-voter2", "etcd-voter3"];
    for (const host of ["master4", "master5", "voter3"]) assert.deepEqual(await members(host), all);
    for (const name of ["before", "after-first-write", "without-master5"]) await world.kept(name);
  });
});
