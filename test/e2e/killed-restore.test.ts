import assert from "node:assert/strict";
import { join } from "node:path";
import { snapshotOn } from "../../drill/snapshot";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { allMoments } from "./failback-kills";
import { noLab, World } from "./world";

const why = noLab || (allMoments ? "" : "takes minutes; RKE_DR_ALL_MOMENTS=1 runs it");
const suite = why === "" ? describe : describe.skip;
const learnerTopology = join(__dirname, "../../topologies/learner.yaml");
const survivor = "master3";

/**
 * A moment of a restore: its name, the command that succeeds on the survivor once the moment has come, and true if the survivor
 * loses power then; else only Pulumi is killed.
 */
type Moment = [what: string, there: string, powerCut: boolean];

const asideOf = (epoch: number) => `/var/lib/rke-dr/epoch-${epoch}`;
const runs = (name: string) => `docker ps -q -f name=^${name}$ | grep -q .`;

/** Moments at which the data is about to change places, in their order. */
const changing = (epoch: number): Moment[] => [
  ["the old etcd was set aside", `docker inspect etcd-before-epoch-${epoch} >/dev/null 2>&1`, true],
  ["the old data was set aside", `test -e ${asideOf(epoch)}/data`, true],
  ["the new data is in place", `test -e ${asideOf(epoch)}/restored`, true],
];
/** Moments after those, at which the processes that serve the new data start. */
const starting = (epoch: number): Moment[] => [
  ["the new etcd was started", `test -e ${asideOf(epoch)}/restored && ${runs("etcd")}`, true],
  [
    "the new kube-apiserver was started",
    `docker inspect kube-apiserver-before-epoch-${epoch} >/dev/null && ${runs("kube-apiserver")}`,
    true,
  ],
  ["the API accepts writes", `grep -q epoch.:${epoch} /var/lib/rke-dr/steps/first-write`, false],
];
const secured = (epoch: number): Moment[] => [
  ["`snapshot restore` is at work", `test -e /var/lib/etcd/restore-epoch-${epoch}`, true],
  ["the source is secured", `grep -q epoch.:${epoch} /var/lib/rke-dr/steps/source`, true],
];

/** Declares the tests of a restore that is killed at each moment, then run to its end: the result is that of an undisturbed run. */
function killedRestore(world: World, clone: () => Workspace, epoch: number, moments: Moment[]): void {
  const aside = asideOf(epoch);
  let dataAsOf: string | undefined;

  before(async () => {
    const preview = await world.failover(clone(), "preview");
    dataAsOf = /-> master3: .* data as of (\S+) /.exec(preview.all)?.[1];
    assert.notEqual(dataAsOf, undefined, preview.all);
  });

  for (const [what, there, powerCut] of moments) {
    it(`stops when ${what}: ${powerCut ? "pulumi is killed and the survivor loses power" : "pulumi is killed"}`, () =>
      world.killAt(clone(), [survivor, there], powerCut ? survivor : undefined));
  }

  it("a rerun finishes the restore: a new cluster of one member, the old data set aside, written objects still there", async () => {
    const result = await world.failover(clone());
    assert.equal(result.code, 0, result.all);
    const members = await world.on(survivor, "docker exec etcd etcdctl member list");
    assert.match(members, /^[0-9a-f]+, started, etcd-master3, .*, false$/);
    assert.equal(await world.on(survivor, `cat ${aside}/restored`), `rke-dr-lab-epoch-${epoch}`);
    assert.notEqual(await world.on(survivor, `ls ${aside}/data/member/snap/db`), "");
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.deepEqual(nodes.stdout.trim().split("\n").sort(), ["node/master3", "node/node2"]);
    await world.kept("written-before");
  });

  it("the report gives the age of the recovered data as preview gave it before the first run", async () => {
    const told = await world.report(clone(), "--json");
    assert.equal(told.code, 0, told.stderr);
    assert.equal((JSON.parse(told.stdout) as { dataAsOf: string }).dataAsOf, dataAsOf);
  });

  it("one more run of the finished restore changes nothing", async () => {
    const again = await world.upAgain(clone());
    assert.equal(again.code, 0, again.all);
  });
}

/** A fresh clone with recover's `keys`; nobody attests anything. */
async function cloneFor(world: World, epoch: number, keys: Record<string, string>): Promise<Workspace> {
  const clone = await world.lab.newClone(`restore-${epoch}`);
  await world.set(clone, "epoch", String(epoch));
  await world.set(clone, "confirm", `a@${epoch}`);
  for (const [key, value] of Object.entries(keys)) {
    await world.pulumi(clone, "config", "set", "--path", `recover.${key}`, value, "--stack", "failover");
  }
  return clone;
}

suite(`a restore of a voter's data, killed at each step${why && ` (skipped: ${why})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  let clone: Workspace;
  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    await world.wrote("written-before");
    clone = await cloneFor(world, 2, { method: "restore" });
    await world.lab.powerOff("a");
  });
  after(() => world.lab.down());

  killedRestore(world, () => clone, 2, [...secured(2), ...changing(2), ...starting(2)]);

  it("after one more power cut the survivor refuses the lost datacenter's connections", async () => {
    await world.lab.powerOff(survivor);
    await world.lab.powerOn(survivor);
    assert.equal(await world.holds(survivor, "bash /var/lib/rke-dr/isolation/apply stands"), true);
    await world.lab.powerOn("a");
    const knock = await world.lab.execOn("master1", ["bash", "-c", "exec 3<>/dev/tcp/192.168.31.103/2379"]);
    assert.match(knock.stderr, /Connection refused/);
    await world.lab.powerOff("a");
  });

  it("`up` restores a firewall rule that was flushed, and touches nothing else", async () => {
    await until("etcd serves", 60, () => world.holds(survivor, "docker exec etcd etcdctl get rke-dr"));
    const before = await world.traces(survivor);
    await world.on(survivor, "bash /var/lib/rke-dr/isolation/apply remove");
    const mended = await world.failover(clone);
    assert.equal(mended.code, 0, mended.all);
    assert.equal(await world.holds(survivor, "bash /var/lib/rke-dr/isolation/apply stands"), true);
    assert.equal(await world.traces(survivor), before);
  });
});

suite(`a restore of a learner's data, killed at each step${why && ` (skipped: ${why})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  let clone: Workspace;
  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: learnerTopology });
    await world.wrote("written-before");
    clone = await cloneFor(world, 2, {});
    await world.lab.powerOff("a");
  });
  after(() => world.lab.down());

  killedRestore(world, () => clone, 2, [...secured(2), ...changing(2)]);
});

suite(`a restore from a learner that is older than a snapshot${why && ` (skipped: ${why})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  let snapshot: string;
  let clone: Workspace;
  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: learnerTopology });
    await world.on(survivor, "docker stop etcd");
    await world.wrote("written-before");
    snapshot = `/var/lib/rke-dr/snapshots/${(await snapshotOn(world.lab, survivor)).split(",")[0]}.db`;
    await world.lab.powerOff("a");
    // without its voters the learner answers no request, and its last write has the time of this start
    await world.on(survivor, "docker start etcd");
  });
  after(() => world.lab.down());

  /** A snapshot file ($2) with a fault, the command that makes it from a good snapshot ($1), and preview's words on it. */
  const bad: [what: string, make: string, said: RegExp][] = [
    ["corrupted", `cp $1 $2 && printf x | dd of=$2 bs=1 seek=9000 conv=notrunc`, /it is damaged: its hash is another/],
    ["truncated", `head -c 9000 $1 >$2`, /it is cut: 9000 bytes/],
    ["empty", `: >$2`, /it is empty/],
    [
      "another cluster's",
      `head -c -32 $1 | LC_ALL=C sed 's/192\\.168\\.31\\./192.168.99./g' >$2 && hash=$(mktemp) && openssl dgst -sha256 -binary $2 >$hash && cat $hash >>$2`,
      /it is another cluster's: none of its members is of this topology/,
    ],
  ];
  for (const [what, make, said] of bad) {
    it(`preview refuses a snapshot by name if it is ${what}, and names the next best source`, async () => {
      const file = "/var/lib/rke-dr/named.db";
      const made = await world.lab.execOn(survivor, ["bash", "-ec", make, "bash", snapshot, file]);
      assert.equal(made.code, 0, made.stderr);
      const [source = ""] = (
        await world.stops(await world.lab.project(), { attest: undefined, method: undefined, from: file })
      ).filter((stop) => stop.startsWith("source: "));
      assert.match(source, new RegExp(`^source: snapshot ${file} on ${survivor} is refused: ${said.source}`));
      assert.match(source, /\nNext best: (master3, a learner|snapshot .*; what was written after 20\S+Z is lost)/);
    });
  }

  it("the step `source` refuses the learner's older revision, and every container runs as before", async () => {
    clone = await cloneFor(world, 2, {});
    const containers = () => world.on(survivor, "docker ps --no-trunc --format '{{.ID}} {{.Names}}' | sort");
    const before = await containers();
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /-> master3: learner, revision unknown/);
    const refused = await world.failover(clone);
    assert.notEqual(refused.code, 0);
    const [, has = "", better = ""] =
      /source: this host's etcd is at revision (\d+), a snapshot at (\d+) is newer; nothing was changed/.exec(
        refused.all,
      ) ?? [];
    assert.ok(Number(has) > 1 && Number(better) > Number(has), refused.all);
    assert.equal(await containers(), before);
    assert.equal(await world.on(survivor, `ls ${asideOf(2)} | grep -E 'data|snapshot.db'`), "");
  });

  it("a rerun with the same configuration refuses the learner again", async () => {
    assert.match((await world.failover(clone)).all, /a snapshot at \d+ is newer/);
  });

  describe("a restore of the newer snapshot in the next epoch, killed at each step", () => {
    before(async () => {
      clone = await cloneFor(world, 3, { from: snapshot });
    });
    killedRestore(world, () => clone, 3, [
      ["the snapshot is kept", `test -e ${asideOf(3)}/snapshot.db`, true],
      ...secured(3),
      ...changing(3).slice(-1),
    ]);
  });
});
