import assert from "node:assert/strict";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import type { World } from "./world";

/** True if the tests of all moments were asked for: each moment takes half a minute or more, so they run on request only. */
export const allMoments = process.env.RKE_DR_ALL_MOMENTS === "1";

/**
 * A moment of a failback: its name, the command that succeeds on `host` once the moment has come, and the host that loses power then
 * (undefined: only Pulumi is killed).
 */
export type Moment = [what: string, host: string, there: string, powerCut: string | undefined];

/**
 * The failback to epoch 3 of a world whose datacenter a was given up in epoch 2, killed at moments in its order, then run to its
 * end: declares the tests.
 *
 * @param returned hosts of datacenter a that have etcd
 * @param members etcd's members at the end, by name, a learner's with "(learner)" behind it
 */
export function killedFailback(world: World, returned: string[], members: string[], moments: Moment[]): void {
  let project: Workspace;
  let oldMembers: string;
  const hosts = [...returned, "master3"];
  const listed = async () =>
    (await world.on("master1", "docker exec etcd etcdctl member list")).split("\n").map((line) => line.split(", "));
  /** Waits until any host's etcd serves: before that a guard refuses. The survivor's own etcd may be set aside. */
  const etcdServes = () =>
    until("etcd serves", 120, async () =>
      (await Promise.all(hosts.map((h) => world.holds(h, "docker exec etcd etcdctl get rke-dr")))).some(Boolean),
    );
  const primary = (...args: string[]) =>
    world.pulumi(project, "up", "--yes", "--skip-preview", ...args, "--stack", "primary");

  before(async () => {
    project = await world.lab.project();
    oldMembers = await world.on("master3", "docker exec etcd etcdctl member list");
    await world.lab.powerOn("a");
    await world.set(project, "epoch", "3", "primary");
    await world.set(project, "confirm", "primary@3", "primary");
  });

  it("the return guard puts the returned old voters in quarantine", async () => {
    for (const host of returned) {
      const quarantined = async () => (await world.on(host, "cat /var/lib/rke-dr/quarantine")).startsWith("epoch=2");
      await until(`${host}: quarantine`, 180, quarantined);
      assert.doesNotMatch(await world.on(host, "docker ps --format '{{.Names}}'"), /^(etcd|kube-apiserver)$/m);
    }
  });

  const passed: string[] = [];
  for (const [what, host, there, powerCut] of moments) {
    it(`stops when ${what}: pulumi is killed${powerCut === undefined ? "" : ` and ${powerCut} loses power`}`, async function () {
      await etcdServes();
      // A step on a host that neither lost power nor was watched ran to its end after the previous kill: the moment is over.
      if (await world.holds(host, there)) {
        passed.push(what);
        this.skip();
      }
      await world.killAt(project, [host, there], powerCut, "primary");
    });
  }

  it("at most two of the moments had passed before their turn came", () => {
    assert.ok(passed.length <= 2, `passed already when their turn came: ${passed.join("; ")}`);
  });

  it("a rerun finishes the failback: every host is back, and datacenter a's hosts are new members", async () => {
    await etcdServes();
    const result = await primary();
    assert.equal(result.code, 0, result.all);
    const found = await listed();
    assert.deepEqual(
      found.map(([, , name = "", , , learner]) => `${name}${learner === "true" ? "(learner)" : ""}`).sort(),
      members,
    );
    const old = found.filter(([id = ""]) => oldMembers.includes(id)).map(([, , name]) => name);
    assert.deepEqual(old, members.includes("etcd-master3") ? ["etcd-master3"] : []);
    assert.match(await world.on("master1", "ls /var/lib/rke-dr/epoch-3"), /etcd-data/);
    const nodes = await world.lab.kubectl(["get", "nodes", "--no-headers"]);
    assert.equal(nodes.stdout.match(/ Ready /g)?.length, 5, nodes.stdout);
    assert.doesNotMatch(nodes.stdout, /<none>/);
    await world.kept("written-before");
  });

  it("one more run of the finished failback changes nothing", async () => {
    const again = await primary("--expect-no-changes");
    assert.equal(again.code, 0, again.all);
  });

  it("`purge` with the epoch deletes all that the acts set aside, and touches no running container", async () => {
    const onAll = async (script: string) =>
      (await Promise.all(hosts.map((h) => world.on(h, script)))).filter((words) => words !== "").join("\n");
    const aside =
      "docker ps -a --format '{{.Names}}' | grep -e -before-; ls -d /var/lib/rke-dr/epoch-*/{data,etcd-data*,snapshot.db} /etc/rke-dr/*.before-epoch-* 2>/dev/null";
    const before = await onAll("docker ps -q | sort");
    assert.match(await onAll(aside), /etcd-before-epoch-3/);
    await world.set(project, "purge", "3", "primary");
    const purged = await primary();
    assert.equal(purged.code, 0, purged.all);
    assert.equal(await onAll(aside), "");
    assert.equal(await onAll("docker ps -q | sort"), before);
    const again = await primary("--expect-no-changes");
    assert.equal(again.code, 0, again.all);
  });
}
