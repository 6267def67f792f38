import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { checks, failoverWords, parseSamples, readiness, type Sample } from "../../../plan/review/ready";

const root = join(__dirname, "../../..");
const alerts = join(root, "monitoring/alerts.yml");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const noPromtool = spawnSync("promtool", ["--version"]).error
  ? "no promtool: `apt-get install prometheus` brings it"
  : "";

interface Rule {
  alert: string;
  expr: string;
  for: string;
  annotations: { summary: string; runbook: string };
}
const { rules } = (parse(readFileSync(alerts, "utf8")) as { groups: [{ rules: Rule[] }] }).groups[0];

/** The metrics that ready.sh prints, from its own list. */
const printed = [
  ...(/^metrics='([^']*)'/m.exec(read("on-host/resident/snapshots/ready.sh"))?.[1] ?? "").matchAll(/^(\w+) /gm),
].map(([, name = ""]) => name);

/** When the samples below are read, Unix seconds. */
const now = 100 * 86_400;
const at = (metric: string, value: number, labels: Record<string, string> = {}): Sample => ({
  metric,
  labels: { cluster: "lab", host: "m3", ...labels },
  value,
});

/** By alert: samples for which it must fire, and some for which it must not. */
const cases: Record<string, { fires: Sample[]; silent: Sample[] }> = {
  RkeDrNotSeen: {
    fires: [at("ready_timestamp_seconds", now - 301)],
    silent: [at("ready_timestamp_seconds", now - 299)],
  },
  RkeDrHostSilent: { fires: [at("host_answers", 0)], silent: [at("host_answers", 1)] },
  RkeDrMemberDown: { fires: [at("member_runs", 0)], silent: [at("member_runs", 1)] },
  RkeDrMemberBehind: {
    fires: [at("member_caught_up_timestamp_seconds", now - 181)],
    silent: [at("member_caught_up_timestamp_seconds", now - 179)],
  },
  RkeDrSnapshotOld: {
    fires: [at("snapshot_interval_seconds", 900), at("snapshot_timestamp_seconds", now - 1801)],
    silent: [at("snapshot_interval_seconds", 900), at("snapshot_timestamp_seconds", now - 1799)],
  },
  RkeDrSnapshotFailed: { fires: [at("snapshot_last_run_ok", 0)], silent: [at("snapshot_last_run_ok", 1)] },
  RkeDrSnapshotUnsound: { fires: [at("snapshot_sound", 0)], silent: [at("snapshot_sound", 1)] },
  RkeDrRehearsalOld: {
    fires: [at("rehearsal_timestamp_seconds", now - 30 * 86_400 - 1)],
    silent: [at("rehearsal_timestamp_seconds", now - 30 * 86_400 + 1)],
  },
  RkeDrRehearsalFailed: { fires: [at("rehearsal_verified", 0)], silent: [at("rehearsal_verified", 1)] },
  RkeDrCertificateEnds: {
    fires: [at("certificate_end_timestamp_seconds", now + 30 * 86_400 - 1, { file: "/a.pem" })],
    silent: [at("certificate_end_timestamp_seconds", now + 30 * 86_400 + 1, { file: "/a.pem" })],
  },
  RkeDrDiskFull: {
    fires: [at("disk_free_bytes", 2 ** 31 - 1, { folder: "/" })],
    silent: [at("disk_free_bytes", 2 ** 31, { folder: "/" })],
  },
  RkeDrClockOff: {
    fires: [at("clock_offset_seconds", -5.1)],
    silent: [at("clock_offset_seconds", 4.9)],
  },
  RkeDrInstallerMissing: { fires: [at("installer_present", 0)], silent: [at("installer_present", 1)] },
  RkeDrDeployFileDiffers: {
    fires: [at("deploy_file_same", 0, { file: "cluster.yml", as: "git" })],
    silent: [at("deploy_file_same", 1, { file: "cluster.yml", as: "git" })],
  },
  RkeDrEpochsDiffer: {
    fires: [at("epoch", 2), at("epoch", 3, { host: "m1" })],
    silent: [at("epoch", 3), at("epoch", 3, { host: "m1" })],
  },
};

/** The series of a promtool test that has these samples at the time `now`, and all along before it. */
const series = (samples: Sample[]) =>
  samples.map(({ metric, labels, value }) => ({
    series: `rke_dr_${metric}{${Object.entries(labels)
      .map(([k, v]) => `${k}="${v}"`)
      .join(",")}}`,
    values: `${value}x${now / 3600 + 1}`,
  }));

describe("readiness", () => {
  it("has a case for every check", () =>
    assert.deepEqual(
      checks.map((c) => c.alert),
      Object.keys(cases),
    ));

  for (const { alert } of checks) {
    it(`${alert}: is a problem for one side of its threshold, and none for the other`, () => {
      const { fires = [], silent = [] } = cases[alert] ?? {};
      const failed = (samples: Sample[]) => readiness(samples, now).readings.filter((r) => !r.ok);
      assert.deepEqual(
        failed(fires).map((r) => r.alert),
        [alert],
      );
      assert.match(failed(fires)[0]?.words ?? "", /^m3: /);
      assert.deepEqual(failed(silent), []);
    });
  }

  it("is given if nothing is wrong, a source is known, and there was a rehearsal", () => {
    const all = [
      at("failover_loses_at_most_seconds", 1.2),
      at("rehearsal_timestamp_seconds", now - 60),
      at("failover_takes_seconds", 11.5),
    ];
    const { ready, problems } = readiness(all, now);
    assert.deepEqual([ready, problems], [true, []]);
    assert.equal(
      failoverWords(readiness(all, now)),
      "a failover now would lose at most 2 s and take about 12 s, by the last rehearsal",
    );
    for (const missing of ["failover_loses_at_most_seconds", "rehearsal_timestamp_seconds"]) {
      const less = readiness(
        all.filter((s) => s.metric !== missing),
        now,
      );
      assert.deepEqual([less.ready, less.problems.length], [false, 1], missing);
    }
  });

  it("refuses a sample that it can't read", () =>
    assert.throws(
      () => parseSamples('rke_dr_epoch{host="m3"} \n'),
      /^Error: ready\.sh: a line must be a sample .*rke_dr_epoch/,
    ));
});

describe("monitoring/alerts.yml", () => {
  it("has an alert for every check, with its expression", () =>
    assert.deepEqual(
      rules.map(({ alert, expr }) => [alert, expr]),
      checks.map(({ alert, expression }) => [alert, expression]),
    ));

  it("leads each alert to a heading of docs/ready.md, which has no other alerts", () => {
    const headings = [...read("docs/ready.md").matchAll(/^### (\w+)$/gm)].map(([, title = ""]) => title);
    assert.deepEqual(
      headings,
      rules.map((r) => r.alert),
    );
    for (const { alert, annotations } of rules) {
      assert.equal(annotations.runbook, `docs/ready.md#${alert.toLowerCase()}`);
    }
  });

  it("asks only for metrics that ready.sh prints", () => {
    const named = rules.flatMap(({ expr }) => [...expr.matchAll(/rke_dr_(\w+)/g)].map(([, name = ""]) => name));
    assert.ok(named.length >= rules.length && printed.length > 15);
    assert.deepEqual(
      named.filter((name) => !printed.includes(name)),
      [],
    );
  });

  (noPromtool ? it.skip : it)(
    `fires in Prometheus exactly where npm run ready sees a problem${noPromtool && ` (skipped: ${noPromtool})`}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), "rke-dr-alerts-"));
      const file = join(folder, "test.yml");
      const tests = Object.entries(cases).flatMap(([alert, { fires, silent }]) =>
        [fires, silent].map((samples) => ({
          interval: "1h",
          input_series: series(samples),
          // an alert that waits is pending at first: the rules are read without their `for`
          promql_expr_test: rules.map((rule) => ({
            expr: `count(${rule.expr}) or vector(0)`,
            eval_time: `${now}s`,
            exp_samples: [{ labels: "{}", value: samples === fires && rule.alert === alert ? 1 : 0 }],
          })),
        })),
      );
      // a host that died takes its metrics with it: no sample is newer than its last one
      const dying = (hours: number, fires: number) => ({
        interval: "1h",
        input_series: series([at("ready_timestamp_seconds", now - hours * 3600)]).map(({ series }) => ({
          series,
          values: `${now - hours * 3600}x${now / 3600 - hours}`,
        })),
        promql_expr_test: [
          {
            expr: `count(${rules[0]?.expr}) or vector(0)`,
            eval_time: `${now}s`,
            exp_samples: [{ labels: "{}", value: fires }],
          },
        ],
      });
      tests.push(dying(2, 1), dying(23, 1), dying(25, 0));
      writeFileSync(file, stringify({ rule_files: [alerts], evaluation_interval: "24h", tests }));
      const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
      rmSync(folder, { recursive: true });
      assert.equal(status, 0, stdout + stderr);
    },
  ).timeout(60_000);
});

describe("monitoring/dashboard.json", () => {
  const text = read("monitoring/dashboard.json");
  const { panels } = JSON.parse(text) as {
    panels: { id: number; title: string; gridPos: Record<"x" | "y" | "w" | "h", number> }[];
  };

  it("shows only metrics that ready.sh prints", () => {
    const named = [...text.matchAll(/rke_dr_(\w+)/g)].map(([, name = ""]) => name);
    assert.ok(named.length > 12);
    assert.deepEqual(
      named.filter((name) => !printed.includes(name)),
      [],
    );
  });

  it("has panels that don't overlap, within Grafana's 24 columns", () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), title);
          taken.add(`${x} ${y}`);
        }
    }
  });
});
