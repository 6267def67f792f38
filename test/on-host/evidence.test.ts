import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onHostInput, stepScript } from "../../on-host";
import type { FailedStep } from "../../plan/facts/preflight";
import { noContainers, ownScript, stateOfEachTest } from "./host-state";

describe("a host's record of a step", () => {
  const host = stateOfEachTest({}, { docker: noContainers });
  beforeEach(() => {
    run("claim", stepScript("claim"), "source=master3");
  });

  function run(step: string, script: string, data = "", { epoch = 2, limit = 60, generation = 1 } = {}) {
    const args = [limit, "bash", "-s", "--", step, epoch, generation, "act", "lab"].map(String);
    return host.run("timeout", args, onHostInput(script, data));
  }
  const failure = (step: string) => JSON.parse(host.read(`failures/${step}`)) as FailedStep;
  const broken = (how: string) => ownScript(`main() { begin "$@"; did "looked"; ${how}; finish; }`);

  for (const [what, how, exit, error] of [
    ["a rule that doesn't hold", "die 'etcd: not \"healthy\"'", 1, /^etcd: not "healthy"$/],
    ["a command that fails", "(exit 7)", 7, /ended with 7/],
  ] as const) {
    it(`has exit code, reason and work done after ${what}`, () => {
      assert.equal(run("broken", broken(how)).status, exit);
      const told = failure("broken");
      assert.deepEqual([told.step, told.epoch, told.exit, told.did], ["broken", 2, exit, ["looked"]]);
      assert.match(told.error, error);
      assert.ok(told.startedAt > 1e12 && told.milliseconds >= 0);
    });
  }

  it("ends with what to type, if its error doesn't say it itself", () => {
    const last = (how: string) => run("broken", broken(how)).stderr.trim().split("\n").at(-1) ?? "";
    assert.match(
      last("die 'etcd: not healthy'"),
      /error: etcd: not healthy; once that is over or mended, run the same command again$/,
    );
    assert.match(last("die 'disk: full; free it, then run again'"), /error: disk: full; free it, then run again$/);
  });

  it("names the time limit if the step ran into it", () => {
    // long enough to begin on a busy machine
    assert.equal(run("slow", broken("sleep 50"), "", { limit: 3 }).status, 124);
    const told = failure("slow");
    assert.ok(told.exit > 128 && told.milliseconds < 45_000, JSON.stringify(told));
    assert.match(told.error, /sleep 50|time limit/);
  });

  it("no longer has a failure once the step has succeeded", () => {
    run("twice", broken("die 'not yet'"));
    assert.ok(host.has("failures/twice"));
    assert.equal(run("twice", broken("true")).status, 0);
    assert.ok(!host.has("failures/twice"));
  });

  it("isn't written for a refused step", () => {
    assert.equal(run("old", broken("true"), "", { epoch: 1 }).status, 1);
    assert.ok(!host.has("failures/old"));
  });

  it("has the size of the data that was set aside", () => {
    host.write("old", "x".repeat(5000));
    const old = host.at("old");
    const told = run("keeps", ownScript(`main() { begin "$@"; kept_aside "${old}"; finish; }`));
    assert.deepEqual((JSON.parse(told.stdout) as { facts: object }).facts, { [`aside ${old}`]: "5000" });
  });

  it("keeps a report, and beside it an earlier one with other content", () => {
    const report = (words: string, generation: number) =>
      run("report", stepScript("report"), `@@ epoch-2.md\n# ${words}\n\ntext\n@@ epoch-2.json\n{}`, { generation });
    assert.equal(report("unfinished", 1).status, 0);
    assert.equal(report("finished", 2).status, 0);
    const folder = host.at("reports");
    assert.equal(readFileSync(join(folder, "epoch-2.md"), "utf8"), "# finished\n\ntext\n");
    const files = readdirSync(folder).sort();
    assert.equal(files.length, 3, files.join());
    assert.match(files[0] ?? "", /^epoch-2\.\d{8}T\d{6}Z\.md$/);
    assert.equal(readFileSync(join(folder, files[0] ?? ""), "utf8"), "# unfinished\n\ntext\n");
  });
});
