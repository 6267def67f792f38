import assert from "node:assert/strict";
import type { Workspace } from "../../lab/project";
import { noLab, World } from "./world";

const why = noLab || (process.env.RKE_DR_ALL_MOMENTS === "1" ? "" : "takes minutes; RKE_DR_ALL_MOMENTS=1 runs it");
const suite = why === "" ? describe : describe.skip;
const aside = "/var/lib/rke-dr/epoch-2";

/** Moments of a restore, in its order, by what is there on the survivor. */
const moments: [what: string, there: string, how: "pulumi is killed" | "the survivor loses power, too"][] = [
  ["the source is secured", `test -e ${aside}/snapshot.db`, "pulumi is killed"],
  ["the old data was set aside", `test -e ${aside}/data`, "the survivor loses power, too"],
  ["the new data is in place", `test -e ${aside}/restored`, "the survivor loses power, too"],
];

suite(`a restore that is killed${why && ` (skipped: ${why})`}`, function () {
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
    // nobody attests anything
    clone = await world.lab.newClone("restore");
    await world.set(clone, "confirm", "a@2");
    await world.pulumi(clone, "config", "set", "--path", "recover.method", "restore", "--stack", "failover");
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

  it("finishes when it is run again, with the old data aside and what was written before", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    const members = await world.on("master3", "docker exec etcd etcdctl member list");
    assert.match(members, /^[0-9a-f]+, started, etcd-master3, .*, false$/);
    assert.equal(await world.on("master3", `cat ${aside}/restored`), "rke-dr-lab-epoch-2");
    assert.notEqual(await world.on("master3", `ls ${aside}/data/member/snap/db`), "");
    const kept = await world.lab.kubectl(["get", "configmap", "written-before", "-o", "jsonpath={.data.a}"]);
    assert.equal(kept.stdout, "b");
  });

  it("and then changes nothing", async () => {
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });

  it("after a power cut the lost side is refused before docker starts etcd", async () => {
    await world.lab.powerOff("master3");
    await world.lab.powerOn("master3");
    assert.equal(await world.on("master3", "bash /var/lib/rke-dr/isolation/apply stands && echo stands"), "stands");
    await world.lab.powerOn("a");
    const knock = "exec 3<>/dev/tcp/192.168.31.103/2379";
    assert.match((await world.lab.execOn("master1", ["bash", "-c", knock])).stderr, /Connection refused/);
    await world.lab.powerOff("a");
  });

  it("a flushed rule is mended by `up`, which touches nothing else", async () => {
    const before = await world.traces("master3");
    await world.on("master3", "bash /var/lib/rke-dr/isolation/apply remove");
    const mended = await world.failover(clone);
    assert.equal(mended.code, 0, mended.all);
    assert.equal(await world.on("master3", "bash /var/lib/rke-dr/isolation/apply stands && echo stands"), "stands");
    assert.equal(await world.traces("master3"), before);
  });
});
