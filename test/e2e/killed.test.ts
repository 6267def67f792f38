import assert from "node:assert/strict";
import type { Workspace } from "../../lab/operator/project";
import { allMoments, killedFailback, type Moment } from "./failback-kills";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

/** Moments of a failover, in its order, by what is there on the survivor. */
const moments: [what: string, there: string, how: "pulumi is killed" | "the survivor loses power, too"][] = [
  [
    "a copy of etcd's data runs with the flag",
    "docker ps -q -f name=^etcd-force-epoch-2$ | grep -q .",
    "the survivor loses power, too",
  ],
  ["the copy is a cluster of one", "test -e /var/lib/rke-dr/epoch-2/copy", "the survivor loses power, too"],
  ["the old etcd was set aside", "docker inspect etcd-before-epoch-2 >/dev/null", "the survivor loses power, too"],
  ["the old data was set aside", "test -e /var/lib/rke-dr/epoch-2/data", "the survivor loses power, too"],
  ["the copy is in its place", "test -e /var/lib/rke-dr/epoch-2/forced", "the survivor loses power, too"],
  ["the new etcd is there", "docker inspect etcd >/dev/null", "the survivor loses power, too"],
  [
    "the new kube-apiserver was started",
    "docker inspect kube-apiserver-before-epoch-2 >/dev/null && docker ps -q -f name=^kube-apiserver$ | grep -q .",
    "the survivor loses power, too",
  ],
  ["the API accepts writes", "grep -q epoch.:2 /var/lib/rke-dr/steps/first-write", "pulumi is killed"],
  ["rke is at work", "grep -q plane /var/lib/rke-dr/epoch-2/rke-up.log", "the survivor loses power, too"],
  ["rke has finished", "grep -q epoch.:2 /var/lib/rke-dr/steps/rke-up", "pulumi is killed"],
];

/** Moments of a failback in their order: name, host, the command that succeeds there then, and the host that loses power. */
const wayBack: Moment[] = [
  ["hosts were told of it", "master2", "grep -q 3 /var/lib/rke-dr/epoch", undefined],
  ["the returned hosts are in quarantine", "master1", "test -e /var/lib/rke-dr/epoch-3/quarantined", "master1"],
  ["a learner was added", "master3", "docker exec etcd etcdctl member list | grep -q 'true$'", "master1"],
  ["there are two voters", "master3", "(($(docker exec etcd etcdctl member list | grep -c 'false$') == 2))", "master2"],
  [
    "there are three voters",
    "master3",
    "(($(docker exec etcd etcdctl member list | grep -c 'false$') == 3))",
    undefined,
  ],
  ["a returned kube-apiserver is there", "master1", "docker inspect kube-apiserver", "master1"],
  ["the survivor's etcd was set aside", "master3", "docker inspect etcd-before-epoch-3", "master3"],
  ["rke is at work", "master3", "grep -q plane /var/lib/rke-dr/epoch-3/rke-up.log", "master3"],
  ["rke has finished", "master3", "grep -q epoch.:3 /var/lib/rke-dr/steps/rke-up", undefined],
];

suite(`a failover, killed at each step${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    await world.wrote("written-before");
    clone = await world.confirmed("killed");
    await world.lab.powerOff("a");
  });
  after(() => world.lab.down());

  for (const [what, there, how] of moments) {
    it(`stops when ${what}: ${how}`, () =>
      world.killAt(clone, ["master3", there], how === "pulumi is killed" ? undefined : "master3"));
  }

  it("a rerun fails on a damaged Pulumi backend, which an empty one then replaces", async () => {
    world.edit({ ...clone, project: clone.backend }, ".pulumi/stacks/rke-dr/failover.json", (text) =>
      text.slice(0, text.length / 2),
    );
    const damaged = await world.failover(clone);
    assert.notEqual(damaged.code, 0);
    world.emptyBackend(clone);
  });

  it("a rerun finishes the failover, with every result in place", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    const members = await world.on("master3", "docker exec etcd etcdctl member list");
    assert.match(members, /^[0-9a-f]+, started, etcd-master3, .*, false$/);
    assert.equal(await world.on("master3", "docker inspect $(docker ps -q) | grep -c force-new-cluster"), "0");
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.deepEqual(nodes.stdout.trim().split("\n").sort(), ["node/master3", "node/node2"]);
    await world.kept("written-before");
  });

  it("one more run of the finished failover changes nothing", async () => {
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });

  const why = allMoments ? "" : " (skipped: takes minutes; RKE_DR_ALL_MOMENTS=1 runs it)";
  (allMoments ? describe : describe.skip)(`a failback after that failover, killed at each step${why}`, () =>
    killedFailback(world, ["master1", "master2"], ["etcd-master1", "etcd-master2", "etcd-master3"], wayBack),
  );
});
