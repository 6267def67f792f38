import assert from "node:assert/strict";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

const hosts = ["node1", "node2", "node3"];
const survivor = "node3";

onRequest("etcd-alone", "etcd alone, as a unit of systemd, from peace to a second failover", function () {
  this.timeout(600_000);
  const world = new World();
  let primary: Workspace;
  let clone: Workspace;

  const up = (workspace: Workspace, stack: string, ...args: string[]) =>
    world.pulumi(workspace, "up", "--yes", "--skip-preview", "--stack", stack, ...args);
  const etcdctl = (host: string, command: string) =>
    world.on(host, `env $(grep ^ETCDCTL_ /etc/etcd.env) ETCDCTL_API=3 etcdctl --command-timeout=5s ${command}`);
  const put = async (host: string, key: string) => assert.equal(await etcdctl(host, `put ${key} ${key}`), "OK");
  const value = (host: string, key: string) => etcdctl(host, `get --print-value-only ${key}`);
  /** When each host's etcd was started, and the files from which. */
  const running = async () =>
    (
      await Promise.all(
        hosts.map((host) =>
          world.on(host, "systemctl show -P MainPID -P ActiveEnterTimestamp etcd; sha256sum /etc/etcd.env"),
        ),
      )
    ).join("\n");
  const members = async (host: string) =>
    (await etcdctl(host, "member list")).split("\n").map((line) => line.split(", ").slice(1, 3).join(" "));

  before(async function () {
    this.timeout(1_800_000);
    await world.lab.up({ installer: "unit" });
    primary = await world.lab.project();
  });
  after(() => world.lab.down());

  it("stack primary restarts no etcd, and a second up changes nothing", async () => {
    const found = await running();
    const first = await up(primary, "primary");
    assert.equal(first.code, 0, first.all);
    assert.equal(await running(), found);
    const second = await up(primary, "primary", "--expect-no-changes");
    assert.equal(second.code, 0, second.all);
    for (const host of hosts) {
      assert.match(await world.on(host, "bash /var/lib/rke-dr/guard/guard-watch.sh --once"), /^0 /m, host);
    }
  });

  it("by force: what was written is kept, a lease alone is written, and a second up changes nothing", async () => {
    await put("node1", "before");
    const revision = async () => /"revision":(\d+)/.exec(await etcdctl(survivor, "get before -w json"))?.[1];
    const last = await revision();
    await world.lab.powerOff("a");
    clone = await world.confirmed("forced");
    const preview = await world.failover(clone, "preview");
    assert.equal(preview.code, 0, preview.all);
    assert.doesNotMatch(preview.all, /STOP|kube-apiserver-|kubelets:/);
    const made = await world.failover(clone);
    assert.equal(made.code, 0, made.all);
    assert.equal(await value(survivor, "before"), "before");
    assert.equal(await revision(), last);
    assert.equal(await etcdctl(survivor, "lease list | head -n 1"), "found 0 leases");
    assert.deepEqual(await members(survivor), ["started node3"]);
    await put(survivor, "after");
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });

  it("returned hosts end their etcd by themselves", async () => {
    await world.lab.powerOn("a");
    for (const host of ["node1", "node2"]) {
      await until(`${host} in quarantine`, 90, () => world.holds(host, "test -e /var/lib/rke-dr/quarantine"));
      assert.equal(await world.on(host, "systemctl is-active etcd"), "inactive");
    }
    await put(survivor, "returned");
  });

  it("a failback makes them voters again, with all that was written", async () => {
    await world.confirmFailback(primary, 3);
    const back = await up(primary, "primary");
    assert.equal(back.code, 0, back.all);
    for (const host of hosts) {
      assert.deepEqual((await members(host)).sort(), ["started node1", "started node2", "started node3"]);
      for (const key of ["before", "after", "returned"]) assert.equal(await value(host, key), key, host);
    }
    const again = await up(primary, "primary", "--expect-no-changes");
    assert.equal(again.code, 0, again.all);
  });

  it("by restore, in the next disaster: what was written is kept, and the old side is refused", async () => {
    await put("node1", "again");
    await world.lab.powerOff("a");
    clone = await world.confirmed("restored", 4, { "recover.method": "restore" });
    const made = await world.failover(clone);
    assert.equal(made.code, 0, made.all);
    for (const key of ["before", "after", "returned", "again"]) assert.equal(await value(survivor, key), key);
    assert.equal(await world.holds(survivor, "bash /var/lib/rke-dr/isolation/apply stands"), true);
    await world.lab.powerOn("a");
    const knock = await world.lab.execOn("node1", ["bash", "-c", "exec 3<>/dev/tcp/192.168.31.113/2379"]);
    assert.match(knock.stderr, /Connection refused/);
    await world.lab.powerOff("a");
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });
});
