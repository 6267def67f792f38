import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { without } from "./topology-edit";
import { World } from "./world";

interface Topology {
  datacenters: { hosts: { name: string; etcd?: string }[] }[];
}

/** The seed, and in datacenter a also a learner, which raft's snapshots soon are the only ones to name. */
function topology(): string {
  const seed = parse(readFileSync(join(__dirname, "../../topologies/seed.yaml"), "utf8")) as Topology;
  const node1 = seed.datacenters.flatMap((dc) => dc.hosts).find((h) => h.name === "node1");
  assert.ok(node1);
  node1.etcd = "learner";
  const file = join(mkdtempSync(join(tmpdir(), "rke-dr-ways-")), "topology.yaml");
  writeFileSync(file, stringify({ ...seed, etcd: { extraArgs: { "snapshot-count": "10" } } }));
  return file;
}

onRequest("ways", "a failover whose voter can't be forced: each refusal has a way on", function () {
  this.timeout(480_000);
  const world = new World();
  const survivor = "master3";
  let clone: Workspace;
  let etcdBefore: string;
  const etcd = () => world.on(survivor, "docker inspect -f '{{.Id}} {{.State.StartedAt}}' etcd");

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: topology() });
    await world.wrote("written-before");
    await world.on(survivor, "for i in $(seq 60); do docker exec etcd etcdctl put /ways $i; done");
    await world.lab.powerOff("a");
    clone = await world.confirmed("ways-on");
    etcdBefore = await etcd();
  });
  after(() => world.lab.down());

  it("names a voter that the topology lacks, although its host is never asked", async () => {
    const other = await world.confirmed("without-master2");
    world.edit(other, "Pulumi.yaml", without("master2"));
    const told = await world.stops(other);
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(
      told[0] ?? "",
      /^members declared: etcd-master2 \(https:\/\/192\.168\.31\.102:2380\): each member of etcd must/,
    );
  });

  it("names a worker that the topology lacks, with what up would do to it", async () => {
    const other = await world.confirmed("without-node2");
    world.edit(other, "Pulumi.yaml", without("node2"));
    const preview = await world.failover(other, "preview");
    assert.match(preview.all, /Guards: all hold/);
    assert.match(preview.all, /note {2}node2 \(192\.168\.31\.105\) isn't in Pulumi\.yaml, but in what RKE has built/);
  });

  it("ends with nothing changed if the copy shows that a learner would stay a member, and says what to type", async () => {
    const result = await world.failover(clone);
    assert.notEqual(result.code, 0);
    assert.match(
      result.all,
      /tried on a copy: 2 members after --force-new-cluster, 1 was expected; nothing was changed/,
    );
    assert.match(
      result.all,
      /`pulumi config set epoch 3 --stack failover`, `pulumi config set confirm a@3 --stack failover`/,
    );
    assert.equal(await etcd(), etcdBefore);
    assert.ok(await world.holds(survivor, "! docker inspect etcd-before-epoch-2 && test -e /var/lib/etcd/member"));
  });

  it("restores by what it said, and is killed after the first write", async () => {
    await world.set(clone, "epoch", "3");
    await world.set(clone, "confirm", "a@3");
    await world.pulumi(clone, "config", "set", "--path", "recover.method", "restore", "--stack", "failover");
    await world.killAt(clone, [survivor, "grep -q epoch.:3 /var/lib/rke-dr/steps/first-write"]);
  });

  it("is finished by a rerun while the lost side has power and is in quarantine", async () => {
    await world.lab.powerOn("a");
    await until("the quarantine", 120, async () => {
      const stopped = await Promise.all(
        ["master1", "master2"].map((host) =>
          world.holds(host, "! docker inspect etcd && ! docker inspect kube-apiserver"),
        ),
      );
      return stopped.every(Boolean);
    });
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    await world.kept("written-before");
    await world.wrote("written-after");
  });

  it("says that it is over, and how the side comes back, and no guard of the failback sends back to it", async () => {
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
    assert.match(again.all, /The failover of epoch 3 is over\.\n[\s\S]*pulumi config set epoch 4 --stack primary/);
    const project = await world.lab.project();
    await world.set(project, "epoch", "4", "primary");
    await world.set(project, "confirm", "primary@4", "primary");
    const preview = await world.pulumi(project, "preview", "--stack", "primary");
    assert.equal(preview.code, 0, preview.all);
    assert.match(preview.all, /FAILBACK: datacenter a comes back \(epoch 4, after the failover of epoch 3\)/);
    assert.match(preview.all, /Guards: all hold/);
  });
});
