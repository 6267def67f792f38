import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../drill/client";
import { namespace } from "../../drill/workload";
import { onRequest } from "./on-request";
import { World } from "./world";

const topology = join(__dirname, "../../topologies/witness.yaml");

onRequest("witness", "one voter in each of three places", function () {
  this.timeout(300_000);
  const world = new World();
  let client: Client;

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology });
    await world.lab.kubectl(["create", "namespace", namespace]);
    const log = join(mkdtempSync(join(tmpdir(), "rke-dr-witness-")), "writes.jsonl");
    client = await Client.start(world.lab, "master3", ["https://192.168.31.103:6443"], log);
    await client.acknowledged(5, 0, 60);
  });
  after(async () => {
    await client?.stop();
    await world.lab.down();
  });

  /** Everything that a failover could change on what is left: containers with their start, epochs, the deploy host's files. */
  const left = async () =>
    Promise.all(
      ["master3", "voter3"].map((host) =>
        world.on(
          host,
          `docker ps -aq | xargs docker inspect --format '{{.Id}} {{.Name}} {{.State.StartedAt}}' | sort; cat /var/lib/rke-dr/epoch /var/lib/rke-dr/act 2>/dev/null; sha256sum /etc/rke-dr/cluster.* 2>/dev/null`,
        ),
      ),
    );
  const members = () => world.on("master3", "docker exec etcd etcdctl member list");

  it("primary builds three voters, and a second up finds nothing to do", async () => {
    // etcd lists them by their IDs, which are hashes
    const voters = (await members()).split("\n").filter((m) => /started/.test(m) && /false$/.test(m));
    assert.deepEqual(voters.map((m) => m.split(", ")[2]).sort(), ["etcd-master1", "etcd-master3", "etcd-voter3"]);
    const again = ["up", "--yes", "--expect-no-changes", "--stack", "primary"];
    const result = await world.pulumi(await world.lab.project(), ...again);
    assert.equal(result.code, 0, result.all);
  });

  it("datacenter b's API accepts writes after the loss of a without any act of the operator", async () => {
    await world.lab.powerOff("a");
    await client.acknowledged(20, Date.now(), 60);
  });

  it("preview of a failover says that there is nothing to recover; up refuses and changes nothing", async () => {
    const clone = await world.confirmed("nothing-to-recover");
    const before = await left();
    const preview = await world.failover(clone, "preview");
    assert.equal(preview.code, 0, preview.all);
    assert.match(
      preview.all,
      /2 of 3 voters survive, a majority is 2: etcd keeps its quorum without a, there is nothing/,
    );
    const up = await world.failover(clone);
    assert.notEqual(up.code, 0);
    assert.match(up.all, /there is nothing to recover/);
    assert.deepEqual(await left(), before);
    await client.acknowledged(5, Date.now(), 60);
  });

  it("a failover that needs no attestation is refused in the same way", async () => {
    const clone = await world.lab.newClone("restore-without-need");
    await world.set(clone, "confirm", "a@2");
    await world.pulumi(clone, "config", "set", "--path", "recover.method", "restore", "--stack", "failover");
    const before = await left();
    const up = await world.failover(clone);
    assert.notEqual(up.code, 0);
    assert.match(up.all, /there is nothing to recover/);
    assert.deepEqual(await left(), before);
  });

  it("datacenter a rejoins by itself, and primary finds the cluster as it left it", async () => {
    await world.lab.powerOn("a");
    const since = Date.now();
    await client.acknowledged(5, since, 60);
    const again = ["up", "--yes", "--expect-no-changes", "--stack", "primary"];
    const result = await world.pulumi(await world.lab.project(), ...again);
    assert.equal(result.code, 0, result.all);
    assert.equal((await members()).split("\n").filter((m) => /started/.test(m)).length, 3);
  });

  it("primary's preview reports the loss of the witness and the cost of the next failure", async () => {
    await world.lab.powerOff("c");
    const preview = await world.pulumi(await world.lab.project(), "preview", "--stack", "primary");
    assert.match(preview.all, /voter3/);
    await client.acknowledged(5, Date.now(), 60);
  });
});
