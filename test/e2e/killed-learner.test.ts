import assert from "node:assert/strict";
import { join } from "node:path";
import { allMoments, killedFailback, type Moment } from "./failback-kills";
import { noLab, World } from "./world";

const why = noLab || (allMoments ? "" : "takes minutes; RKE_DR_ALL_MOMENTS=1 runs it");
const suite = why === "" ? describe : describe.skip;

const voting = (count: number) => `(($(docker exec etcd etcdctl member list | grep -c 'started.*false$') == ${count}))`;

/** Moments of a failback by which roles swap back, in its order. */
const wayBack: Moment[] = [
  ["there are two voters", "master3", voting(2), "master1"],
  ["there are four voters", "master3", voting(4), "master3"],
  [
    "the survivor's API asks the others",
    "master3",
    "docker inspect kube-apiserver | grep -q -e --etcd-servers=https://192.168.31.101:2379,",
    undefined,
  ],
  [
    "the survivor's vote was taken away",
    "master1",
    "list=$(docker exec etcd etcdctl member list) && ! grep -q master3 <<<$list",
    "master3",
  ],
  ["what ran its etcd was set aside", "master3", "docker inspect etcd-before-epoch-3", "master3"],
  ["it was added as a learner", "master1", "docker exec etcd etcdctl member list | grep -q 'true$'", "master3"],
  ["rke is at work", "master3", "grep -q plane /var/lib/rke-dr/epoch-3/rke-up.log", "master3"],
];

suite(`a failback to a learner, killed at each step${why && ` (skipped: ${why})`}`, function () {
  this.timeout(480_000);
  const world = new World();

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: join(__dirname, "../../topologies/learner.yaml") });
    await world.wrote("written-before");
    const clone = await world.confirmed("killed");
    await world.lab.powerOff("a");
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
  });
  after(() => world.lab.down());

  killedFailback(
    world,
    ["master1", "master2", "node1"],
    ["etcd-master1", "etcd-master2", "etcd-master3(learner)", "etcd-node1"],
    wayBack,
  );
});
