import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { onRequest } from "./on-request";
import { World } from "./world";

/** A cluster whose etcd has a quota of 24 MB and has used it up: its alarm NOSPACE is raised. */
for (const [method, source] of [
  ["forceNewCluster", "a voter"],
  ["restore", "its snapshot"],
] as const)
  onRequest("nospace", `etcd's space is used up when datacenter a is lost: ${method}, from ${source}`, function () {
    this.timeout(300_000);
    const world = new World();
    const survivor = "master3";

    before(async function () {
      this.timeout(1_800_000);
      const topology = join(mkdtempSync(join(tmpdir(), "rke-dr-nospace-")), "topology.yaml");
      const seed = parse(readFileSync(join(__dirname, "../../topologies/seed.yaml"), "utf8")) as object;
      writeFileSync(topology, stringify({ ...seed, etcd: { extraArgs: { "quota-backend-bytes": "24000000" } } }));
      await world.build({ topology });
      await world.wrote("written-before");
      // Writes the same key over and over, so that history fills the database, as in the field. A write that fails for another reason (a
      // time limit) doesn't end the loop.
      const fill =
        "head -c 900000 /dev/urandom >/tmp/value; i=0; while [ $i -lt 60 ]; do etcdctl put /fill </tmp/value; etcdctl alarm list | grep NOSPACE && break; i=$((i + 1)); done";
      await world.on(survivor, `docker exec etcd sh -c '${fill}' >/dev/null 2>&1`);
      assert.match(await world.on(survivor, "docker exec etcd etcdctl alarm list"), /NOSPACE/);
      assert.notEqual((await world.lab.kubectl(["create", "configmap", "refused"])).code, 0);
      await world.lab.powerOff("a");
    });
    after(() => world.lab.down());

    it("preview reports the alarm NOSPACE; up frees space, and the API accepts writes and has kept its objects", async () => {
      const clone = await world.confirmed("nospace");
      await world.pulumi(clone, "config", "set", "--path", "recover.method", method, "--stack", "failover");
      const preview = await world.failover(clone, "preview");
      assert.equal(preview.code, 0, preview.all);
      assert.match(preview.all, /its space is used up \(alarm NOSPACE\)/);
      const up = await world.failover(clone);
      assert.equal(up.code, 0, up.all);
      assert.match(up.all, /defragmented from \d+ to \d+ bytes, the alarm disarmed/);
      await world.kept("written-before");
      await world.wrote("written-after");
      assert.equal(await world.on(survivor, "docker exec etcd etcdctl alarm list"), "");
      const again = await world.upAgain(clone);
      assert.equal(again.code, 0, again.all);
    });
  });
