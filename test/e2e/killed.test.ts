import assert from "node:assert/strict";
import type { Workspace } from "../../lab/project";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

/** Moments of a failover, in its order, by what is there on the survivor. */
const moments: [what: string, there: string, how: "pulumi is killed" | "the survivor loses power, too"][] = [
  ["the snapshot is there", "test -e /var/lib/rke-dr/epoch-2/snapshot.db", "pulumi is killed"],
  ["the old etcd was set aside", "docker inspect etcd-before-epoch-2", "the survivor loses power, too"],
  ["etcd runs with the flag", "docker ps -q -f name=^etcd-force-epoch-2$ | grep .", "the survivor loses power, too"],
  ["the flag has done its work", "test -e /var/lib/rke-dr/epoch-2/forced", "the survivor loses power, too"],
  ["the new etcd is there", "docker inspect etcd", "the survivor loses power, too"],
  [
    "the old kube-apiserver was set aside",
    "docker inspect kube-apiserver-before-epoch-2",
    "the survivor loses power, too",
  ],
  ["the API accepts writes", "grep -q epoch.:2 /var/lib/rke-dr/steps/first-write", "pulumi is killed"],
  ["rke is at work", "grep -q plane /var/lib/rke-dr/epoch-2/rke-up.log", "the survivor loses power, too"],
  ["rke has finished", "grep -q epoch.:2 /var/lib/rke-dr/steps/rke-up", "pulumi is killed"],
];

suite(`a failover that is killed at each step${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(240_000);
  const world = new World();
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000);
    await world.lab.up();
    const built = await world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
    const created = await world.lab.kubectl(["create", "configmap", "written-before", "--from-literal=a=b"]);
    assert.equal(created.code, 0, created.stderr);
    clone = await world.confirmed("killed");
    await world.lab.powerOff("a");
  });
  after(() => world.lab.down());

  for (const [what, there, how] of moments) {
    it(`when ${what}: ${how}`, async () => {
      const holds = async () => (await world.lab.execOn("master3", ["bash", "-c", there])).code === 0;
      assert.equal(await holds(), false, "the moment has passed already");
      await world.kill(clone, holds, how === "pulumi is killed" ? undefined : "master3");
    });
  }

  it("and its backend is damaged: an empty one will do", async () => {
    world.edit({ ...clone, project: clone.backend }, ".pulumi/stacks/rke-dr/failover.json", (text) =>
      text.slice(0, 100),
    );
    const damaged = await world.failover(clone);
    assert.notEqual(damaged.code, 0);
    world.emptyBackend(clone);
  });

  it("finishes when it is run again, with everything in place", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    const members = await world.on("master3", "docker exec etcd etcdctl member list");
    assert.match(members, /^[0-9a-f]+, started, etcd-master3, .*, false$/);
    assert.equal(await world.on("master3", "docker inspect $(docker ps -q) | grep -c force-new-cluster"), "0");
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.deepEqual(nodes.stdout.trim().split("\n").sort(), ["node/master3", "node/node2"]);
    const kept = await world.lab.kubectl(["get", "configmap", "written-before", "-o", "jsonpath={.data.a}"]);
    assert.equal(kept.stdout, "b");
  });

  it("and then changes nothing", async () => {
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });
});
