import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "../../lab/project";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

suite(`a failover on a bad day${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(240_000);
  const world = new World();
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
    await world.lab.up();
    const built = await world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
    clone = await world.confirmed("bad-day");
  });
  after(() => world.lab.down());

  /** The act is refused with these words, and the survivors are as they were. */
  async function refused(workspace: Workspace, ...words: RegExp[]): Promise<void> {
    const before = await Promise.all([world.traces("master3"), world.traces("node2")]);
    const result = await world.failover(workspace);
    assert.notEqual(result.code, 0);
    for (const word of words) assert.match(result.all, word);
    assert.deepEqual(await Promise.all([world.traces("master3"), world.traces("node2")]), before);
  }

  it("before that day: a voter whose disk broke is replaced while clients write", async () => {
    const member = async () =>
      (await world.on("master3", "docker exec etcd etcdctl member list"))
        .split("\n")
        .find((m) => m.includes("master2"));
    const before = await member();
    await world.on("master3", "touch /tmp/writing");
    const writes = world.on(
      "master3",
      "while [ -e /tmp/writing ]; do docker exec etcd etcdctl put rke-dr-test x >/dev/null 2>&1 && date +%s%3N; done",
    );
    await world.lab.rebuild("master2");
    const result = await world.pulumi(await world.lab.project(), "up", "--yes", "--stack", "primary");
    await world.on("master3", "rm /tmp/writing");
    assert.equal(result.code, 0, result.all);
    assert.match(result.all, /master2 +voter +STOPPED: there is no container etcd/);
    assert.match(
      result.all,
      /until master2 is promoted, the loss of (master3 or master1|master1 or master3) loses quorum/,
    );
    assert.match(result.all, /etcd-master2 added as a learner/);
    assert.match((await member()) ?? "", /started, etcd-master2, .*, false$/);
    assert.notEqual(await member(), before);
    // RKE found nothing to do for it
    const rke = await world.on("master3", "cat /var/lib/rke-dr/epoch-1/rke-up.log");
    assert.match(rke, /Starting container \[kubelet\] on host \[192\.168\.31\.102\]/);
    assert.doesNotMatch(rke, /(Starting|Stopping) container \[etcd\]/);
    const times = (await writes).split("\n").map(Number);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
    // an election takes up to 10 s with RKE's timeouts, and the write that waited for it some more
    assert.ok(
      times.length > 20 && Math.max(...gaps) < 15_000,
      `${times.length} writes, gaps up to ${Math.max(...gaps)} ms`,
    );
  }).timeout(900_000);

  it("is refused while the lost side answers", () =>
    refused(
      clone,
      /nothing was changed/,
      /lost side is silent: .*master1 port 22 answers the operator/,
      /still has quorum/,
    ));

  it("preview of the same shows it and exits with 0", async () => {
    const result = await world.failover(clone, "preview");
    assert.equal(result.code, 0, result.all);
    assert.match(result.all, /STOP {2}lost side is silent/);
  });

  it("is refused for an unknown datacenter", async () => {
    const other = await world.confirmed("unknown-datacenter");
    await world.set(other, "lost", "c");
    await refused(other, /rke-dr:lost: is not one of the datacenters \(a, b\): "c"/);
  });

  it("is refused for a host key that isn't the pinned one", async () => {
    const other = await world.confirmed("wrong-host-key");
    const master1 = /name: master1[\s\S]*?hostKey: (ssh-ed25519 \S+)/.exec(
      readFileSync(join(other.project, "Pulumi.yaml"), "utf8"),
    )?.[1];
    world.edit(other, "Pulumi.yaml", (text) =>
      text.replace(/(name: node2[\s\S]*?hostKey: )ssh-ed25519 \S+/, `$1${master1}`),
    );
    await refused(other, /survivors reachable: node2 .*wrong host key: it shows ssh-ed25519/);
  });

  it("is refused when a survivor can't be reached", async () => {
    await world.lab.powerOff("a");
    await world.lab.powerOff("node2");
    const result = await world.failover(clone);
    assert.notEqual(result.code, 0);
    assert.match(result.all, /survivors reachable: node2 \(192\.168\.31\.105\)/);
    await world.lab.powerOn("node2");
  });

  it("is refused without the confirmation, or with another", async () => {
    const other = await world.confirmed("unconfirmed");
    await world.set(other, "confirm", "b@2");
    await world.set(other, "attest", "maybe");
    await refused(other, /confirmation: rke-dr:confirm must be "a@2", it is "b@2"/, /attestation: .* it is "maybe"/);
  });

  it("is refused without rke on the deploy host", async () => {
    await world.on("master3", "mv /usr/local/bin/rke /usr/local/bin/rke.away");
    await refused(clone, /deploy host: master3: rke is not on the PATH/);
    await world.on("master3", "mv /usr/local/bin/rke.away /usr/local/bin/rke");
  });

  it("the seed's kubeconfig that points at a dead master is mended", async () => {
    await world.on("master3", "sed -i s/192.168.31.103/192.168.31.101/ /etc/rke-dr/kube_config_cluster.yml");
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /its kubeconfig points at master1, which is lost, and will be mended/);
  });

  const running = (name: string) => async () => (await world.on("master3", `docker ps -q -f name=^${name}$`)) !== "";
  const exists = (path: string) => async () => (await world.on("master3", `ls -d ${path} 2>/dev/null`)) !== "";

  it("killed while etcd is forced", () => world.kill(clone, running("etcd-force-epoch-2")));
  it("killed while kube-apiserver is recreated", () => world.kill(clone, exists("/var/lib/rke-dr/steps/etcd-member")));

  it("and then rke fails: told, with the API serving already", async () => {
    await world.on(
      "master3",
      `mv /usr/local/bin/rke /usr/local/bin/rke.away; printf '#!/bin/sh\\necho level=fatal msg=broken\\nexit 1\\n' >/usr/local/bin/rke; chmod +x /usr/local/bin/rke`,
    );
    const result = await world.failover(clone);
    assert.notEqual(result.code, 0);
    assert.match(result.all, /rke: `rke up` failed with 1: .*broken/);
    assert.match(result.all, /etcd and kube-apiserver of epoch 2 serve already/);
    assert.equal((await world.lab.kubectl(["get", "--raw", "/readyz"])).stdout, "ok");
    await world.on("master3", "mv /usr/local/bin/rke.away /usr/local/bin/rke");
  });

  it("finishes when it is run again", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    assert.equal(await world.on("master3", "docker exec etcd etcdctl member list | wc -l"), "1");
    assert.doesNotMatch(await world.on("master3", "docker inspect $(docker ps -q)"), /force-new-cluster/);
    assert.match(
      await world.on("master3", "grep server: /etc/rke-dr/kube_config_cluster.yml"),
      /192\.168\.31\.103:6443/,
    );
  });

  it("changes nothing when it is run once more", async () => {
    const before = await world.traces("master3");
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
    assert.equal(await world.traces("master3"), before);
  });

  it("touches nothing when it is run from another clone with an empty backend", async () => {
    const before = await world.traces("master3");
    const result = await world.failover(await world.confirmed("second-operator"));
    assert.equal(result.code, 0, result.all);
    assert.match(result.all, /etcd-member-master3 .*already done/);
    assert.equal(await world.traces("master3"), before);
  });

  it("primary's older epoch is refused from now on", async () => {
    const result = await world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.notEqual(result.code, 0);
    assert.match(result.all, /epoch: master3 is at epoch 2 \(failover:a:.*\), an older epoch is refused: 1/);
  });

  it("another failover of the same datacenter is refused: nothing is lost", async () => {
    const other = await world.confirmed("again");
    await world.set(other, "epoch", "3");
    await world.set(other, "confirm", "a@3");
    await refused(other, /quorum is lost: master3's etcd answers a linearizable read: the cluster still has quorum/);
  });

  it("`pulumi destroy` stops nothing", async () => {
    const before = await world.traces("master3");
    const result = await world.pulumi(clone, "destroy", "--yes", "--skip-preview", "--stack", "failover");
    assert.equal(result.code, 0, result.all);
    assert.equal(await world.traces("master3"), before);
  });

  it("after a power cycle the new etcd serves and the old one stays down", async () => {
    await world.lab.powerOff("master3");
    await world.lab.powerOn("master3");
    const deadline = Date.now() + 90_000;
    while ((await world.lab.kubectl(["get", "--raw", "/readyz"])).stdout !== "ok") {
      assert.ok(Date.now() < deadline, "the API isn't ready 90 s after power-on");
    }
    assert.match(await world.on("master3", "docker inspect -f '{{.State.Status}}' etcd-before-epoch-2"), /exited/);
  });

  it("shows no private key in what it printed, in command lines, in its state, or in logs on the hosts", async () => {
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY/;
    assert.doesNotMatch(world.printed, secret);
    const lines = [...world.commandLines];
    assert.ok(lines.some((line) => line.includes("etcd-member")));
    assert.deepEqual(
      lines.filter((line) => secret.test(line)),
      [],
    );
    const states = [clone, await world.lab.project()].flatMap((workspace) =>
      readdirSync(join(workspace.backend, ".pulumi"), { recursive: true, encoding: "utf8" })
        .map((name) => join(workspace.backend, ".pulumi", name))
        .filter((path) => path.endsWith(".json")),
    );
    assert.ok(states.length >= 2);
    for (const path of states) assert.doesNotMatch(readFileSync(path, "utf8"), secret, path);
    const logs = await world.on(
      "master3",
      "cat /var/lib/rke-dr/log /var/lib/rke-dr/steps/* /var/lib/rke-dr/epoch-*/*.log",
    );
    assert.doesNotMatch(logs, secret);
  });
});
