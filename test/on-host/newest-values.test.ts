import assert from "node:assert/strict";
import { newestWrite } from "../../plan/facts/facts";
import { describeWithEtcd, freePorts, killAll, type Member, post, serves, startEtcd, urlsOf } from "./etcd-processes";
import { ownScript, stateOfEachTest } from "./host-state";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const at = (second: number) => new Date(Date.parse("2026-11-29T03:00:00Z") + second * 1000).toISOString();

describeWithEtcd("when a resting database was last written to", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({});
  const started: Member["process"][] = [];
  afterEach(() => killAll(started.splice(0)));

  /** The time that a database shows in which these values were written one after the other, by an etcd that then ended. */
  async function shown(values: string[]): Promise<number | undefined> {
    const [c, p] = await freePorts();
    const [client, peer] = [`http://127.0.0.1:${c}`, `http://127.0.0.1:${p}`];
    const process = startEtcd("etcd", host.folder, "m1", [
      `--data-dir=${host.at("m1")}`,
      ...urlsOf(client, peer),
      `--initial-cluster=m1=${peer}`,
    ]);
    started.push(process);
    await serves(client);
    for (const [i, value] of values.entries())
      await post(client, "/v3/kv/put", { key: base64(`/registry/things/d/${i}`), value: base64(value) });
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGTERM");
    await ended;
    const script = ownScript('newest_values "$1"', "lib/etcd/database");
    const run = host.run("bash", ["-s", "--", host.at("m1/member/snap/db")], script);
    assert.equal(run.status, 0, run.stderr);
    const lines = run.stdout.split("\n").slice(0, -1);
    assert.ok(lines.length > 0 && lines.length <= 8, run.stdout);
    return newestWrite(lines);
  }
  const object = (kind: string, second: number, rest: object = {}) =>
    JSON.stringify({
      apiVersion: "v1",
      kind,
      metadata: { name: "n", creationTimestamp: at(0), managedFields: [{ manager: "m", time: at(second) }] },
      padding: "x".repeat(300),
      ...rest,
    });

  it("is seen by its newest objects, over hundreds of older ones", async () => {
    const values = Array.from({ length: 300 }, (_, i) => object("Thing", i));
    assert.equal(await shown(values), Date.parse(at(299)));
  });

  it("is seen by a Lease's renewal, which no metadata note", async () => {
    const lease = object("Lease", 5, { spec: { renewTime: at(900) } });
    assert.equal(await shown([...Array.from({ length: 50 }, () => object("Thing", 1)), lease]), Date.parse(at(900)));
  });

  it("isn't known if the newest values are no objects", async () =>
    assert.equal(await shown(Array.from({ length: 40 }, () => "x".repeat(500))), undefined));
});
