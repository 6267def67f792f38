import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../drill/client";
import { namespace } from "../../drill/workload";
import { run } from "../../lab/machine/run";
import type { RehearsalReport } from "../../plan/acts/rehearsal/report";
import { onRequest } from "./on-request";
import { World } from "./world";

/** The learner's topology with scheduled snapshots: before etcd 3.5 a learner gives no live one. */
function withSnapshots(): string {
  const text = readFileSync(join(__dirname, "../../topologies/learner.yaml"), "utf8");
  const file = join(mkdtempSync(join(tmpdir(), "rke-dr-rehearsal-")), "topology.yaml");
  writeFileSync(file, text.replace(/^datacenters:$/m, "etcd: { snapshots: { every: 1h } }\ndatacenters:"));
  return file;
}

for (const [etcd, source] of [
  ["3.4", /^etcd-master\d-/],
  ["3.5", /^live$/],
] as const)
  onRequest("rehearsal", `a rehearsal where the standby has a learner of etcd ${etcd}`, function () {
    this.timeout(300_000);
    const world = new World();
    let client: Client;

    before(async function () {
      this.timeout(1_800_000);
      await world.build({ topology: withSnapshots(), etcd });
      await world.lab.kubectl(["create", "namespace", namespace]);
      const log = join(mkdtempSync(join(tmpdir(), "rke-dr-rehearsal-")), "writes.jsonl");
      client = await Client.start(world.lab, "master3", ["https://192.168.31.103:6443"], log);
      await client.acknowledged(5, 0, 60);
    });
    after(async () => {
      await client?.stop();
      await world.lab.down();
    });

    it("the rehearsal is verified, no client's write fails, and nothing is left behind", async () => {
      const since = Date.now();
      const learner = () =>
        world.on("master3", "docker inspect --format '{{.Id}} {{.State.StartedAt}}' etcd kube-apiserver");
      const before = await learner();
      const command = await world.lab.rehearseCommand(["--json"]);
      const result = await run(command.argv, command);
      assert.equal(result.code, 0, result.stderr);
      const report = JSON.parse(result.stdout) as RehearsalReport;
      assert.equal(report.verified, true);
      assert.match(report.source, source);
      const during = client.history().filter((attempt) => attempt.startedAt >= since);
      assert.ok(during.length > 10);
      assert.deepEqual(
        during.filter((attempt) => !attempt.acknowledged),
        [],
      );
      assert.equal(await learner(), before);
      const left =
        "docker ps -a --format '{{.Names}}' | grep rehearsal; ls -d /var/lib/rke-dr/rehearsal; pgrep -fa '[r]ke-dr-rehearsal'";
      assert.equal(await world.on("master3", left), "");
    });
  });
