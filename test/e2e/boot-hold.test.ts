import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { until } from "../../lab/machine/run";
import { onRequest } from "./on-request";
import { World } from "./world";

function topology(): string {
  const seed = parse(readFileSync(join(__dirname, "../../topologies/seed.yaml"), "utf8")) as object;
  const file = join(mkdtempSync(join(tmpdir(), "rke-dr-hold-")), "topology.yaml");
  writeFileSync(file, stringify({ ...seed, bootHold: true }));
  return file;
}

onRequest("boot-hold", "hosts that wait after a boot until the other side answers", function () {
  this.timeout(480_000);
  const world = new World();
  const masters = ["master1", "master2"];
  const log = (host: string) => world.on(host, "docker logs rke-dr-guard 2>&1 | tail -n 20");
  const runs = (host: string, name: string) =>
    world.holds(host, `[[ $(docker inspect -f '{{.State.Running}}' ${name}) == true ]]`);
  /** Both masters of a wait, with nothing that serves. */
  const held = () =>
    until("the hosts wait", 60, async () => {
      const all = await Promise.all(
        masters.map(
          async (host) =>
            (await world.holds(host, "test -s /var/lib/rke-dr/guard/held")) &&
            /serve nothing/.test(await log(host)) &&
            !(await runs(host, "etcd")) &&
            !(await runs(host, "kube-apiserver")),
        ),
      );
      return all.every(Boolean);
    });
  const ready = (host: string) =>
    world.holds(
      host,
      "curl -sf --max-time 2 --cacert /etc/kubernetes/ssl/kube-ca.pem --cert /etc/kubernetes/ssl/kube-node.pem --key /etc/kubernetes/ssl/kube-node-key.pem https://127.0.0.1:6443/readyz",
    );
  /** Seconds for which etcd ran since the host's power came back. */
  const etcdRan = (host: string) =>
    world.on(
      host,
      `docker inspect -f '{{.State.StartedAt}} {{.State.FinishedAt}}' etcd | { read -r from to; echo $(($(date -d "$to" +%s%3N) - $(date -d "$from" +%s%3N))); }`,
    );

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: topology() });
    await world.wrote("before");
  });
  after(() => world.lab.down());

  it("in peace primary's own start of the guard holds nothing", async () => {
    for (const host of masters) {
      assert.ok(await runs(host, "etcd"));
      assert.ok(await world.holds(host, "test -e /var/lib/rke-dr/guard/hold"));
    }
    assert.ok(await world.holds("master3", "! test -e /var/lib/rke-dr/guard/hold"), "b has no majority");
  });

  it("after a power cut of all, a alone waits: it serves nothing for 30 s, and says what is waited for", async () => {
    await world.lab.powerOff("a", "b");
    await world.lab.powerOn("a");
    await held();
    const ran = await Promise.all(masters.map(etcdRan));
    console.log(`      etcd ran for ${ran.join(" and ")} ms before it was stopped`);
    const until30 = Date.now() + 30_000;
    while (Date.now() < until30) {
      for (const host of masters) assert.equal(await ready(host), false, host);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await held();
    assert.match(await log("master1"), /bash \/var\/lib\/rke-dr\/guard\/guard-watch\.sh --go-on/);
  });

  it("preview of stack primary says that they wait, and the command that ends it", async () => {
    const preview = await world.pulumi(await world.lab.project(), "preview", "--stack", "primary");
    assert.match(preview.all, /note {2}master1: etcd and the control plane wait since \S+, .*guard-watch\.sh --go-on/);
  });

  it("they serve after the operator's word on each", async () => {
    for (const host of masters) await world.on(host, "bash /var/lib/rke-dr/guard/guard-watch.sh --go-on");
    await until("a serves", 120, () => ready("master1"));
    await world.kept("before");
  });

  it("when b has power, too, a goes on by itself", async () => {
    await world.lab.powerOff(...masters);
    await world.lab.powerOn(...masters);
    await held();
    await world.lab.powerOn("b");
    await until("a serves", 120, () => ready("master1"));
    assert.match(await log("master1"), /the wait is over, \S+ answers and knows no newer epoch/);
    await world.kept("before");
  });

  it("after a failover to b and a power cut of both, a that is on first waits, and is set aside when b is on", async () => {
    await world.lab.powerOff("a");
    const clone = await world.confirmed("boot-hold");
    const failedOver = await world.failover(clone);
    assert.equal(failedOver.code, 0, failedOver.all);
    await world.wrote("after");
    await world.lab.powerOff("b");
    await world.lab.powerOn("a");
    await held();
    await world.lab.powerOn("b");
    await until("a is set aside", 120, async () => {
      const set = await Promise.all(
        masters.map((h) => world.holds(h, "! docker inspect etcd && docker inspect etcd-before-epoch-2")),
      );
      return set.every(Boolean);
    });
    assert.match(await log("master1"), /the wait is over, \S+ serves epoch 2: nothing is started/);
    await until("b serves", 120, () => ready("master3"));
    await world.kept("after");
  });
});
