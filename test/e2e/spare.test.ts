import assert from "node:assert/strict";
import { join } from "node:path";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

const snapshot = "/root/away.db";

onRequest("spare", "a standby without a member of etcd, and a snapshot that lies on a worker there", function () {
  this.timeout(600_000);
  const world = new World();
  let clone: Workspace;

  const primary = async (...more: string[]) =>
    world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary", ...more);
  const members = (host: string) => world.on(host, "docker exec etcd etcdctl member list | cut -d' ' -f3 | sort");

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: join(__dirname, "../../topologies/snapshot.yaml") });
    await world.wrote("in-the-snapshot");
    await world.on("master1", `docker exec etcd etcdctl snapshot save /var/lib/rancher/etcd/away.db`);
    const taken = await world.on("master1", "base64 -w0 /var/lib/etcd/away.db; rm /var/lib/etcd/away.db");
    assert.ok(taken.length > 10_000, taken);
    await world.lab.execOn("node2", ["bash", "-c", `base64 -d >${snapshot}`], { input: taken });
    await world.wrote("after-the-snapshot");
  });
  after(() => world.lab.down());

  it("has etcd's certificate and image on the standby's control plane host, and no etcd", async () => {
    assert.equal(
      await world.on("master3", "ls /etc/kubernetes/ssl/kube-etcd-192-168-31-103*"),
      ["/etc/kubernetes/ssl/kube-etcd-192-168-31-103-key.pem", "/etc/kubernetes/ssl/kube-etcd-192-168-31-103.pem"].join(
        "\n",
      ),
    );
    assert.equal(await world.on("master3", "docker ps -a --format '{{.Names}}' | grep -c '^etcd' || true"), "0");
    const again = await primary("--expect-no-changes");
    assert.equal(again.code, 0, again.all);
  });

  it("a failover restores the worker's snapshot on the standby's control plane host", async () => {
    await world.lab.powerOff("a");
    clone = await world.confirmed("spare");
    await world.pulumi(clone, "config", "set", "--path", "recover.from", snapshot, "--stack", "failover");
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /-> node2: snapshot \/root\/away\.db \(restored on master3\)/);
    const done = await world.failover(clone);
    assert.equal(done.code, 0, done.all);
    assert.equal(await members("master3"), "etcd-master3,");
    await world.kept("in-the-snapshot");
    const later = await world.lab.kubectl(["get", "configmap", "after-the-snapshot"]);
    assert.notEqual(later.code, 0, "what was written after the snapshot is lost");
    await world.wrote("after-the-failover");
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
  });
});
