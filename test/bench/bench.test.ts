import assert from "node:assert/strict";
import { byHand, withoutNodes } from "../../bench/by-hand";
import { electionOf } from "../../bench/election";
import { outage } from "../../bench/outage";
import { type RecoveryResult, recoveryRatios } from "../../bench/recovery";
import { toFloor } from "../../drill/floor";
import type { Attempt } from "../../drill/history";

describe("what a writing client met", () => {
  const attempt = (startedAt: number, endedAt: number, acknowledged: boolean): Attempt => ({
    n: startedAt,
    startedAt,
    endedAt,
    acknowledged,
    server: "",
  });
  const cases: [string, Attempt[], ReturnType<typeof outage>][] = [
    [
      "one gap from the command to the first write",
      [attempt(500, 1500, false), attempt(2000, 3000, true), attempt(3100, 3200, true)],
      { firstWrite: 2, failing: 2, gaps: [{ at: 0, seconds: 2 }] },
    ],
    [
      "a second gap, from the last write before it to the next one",
      [attempt(1900, 2000, true), attempt(2100, 2200, true), attempt(2300, 4000, false), attempt(4900, 5200, true)],
      {
        firstWrite: 1,
        failing: 4,
        gaps: [
          { at: 0, seconds: 1 },
          { at: 1.2, seconds: 3 },
        ],
      },
    ],
    [
      "a gap that is there at the end lasts until then",
      [attempt(1900, 2000, true), attempt(5000, 7000, false)],
      {
        firstWrite: 1,
        failing: 6,
        gaps: [
          { at: 0, seconds: 1 },
          { at: 1, seconds: 5 },
        ],
      },
    ],
    [
      "a write that began before the command doesn't count",
      [attempt(900, 1100, true), attempt(2000, 3000, true)],
      { firstWrite: 2, failing: 2, gaps: [{ at: 0, seconds: 2 }] },
    ],
  ];
  for (const [what, history, expected] of cases) {
    it(what, () => assert.deepEqual(outage(history, 1000, 7000), expected));
  }

  it("no write at all is an error, not a recovery", () =>
    assert.throws(() => outage([attempt(2000, 3000, false)], 1000, 7000), /must have a write accepted/));
});

describe("how long etcd waited to elect itself", () => {
  const line = (time: string, text: string) => `2026-11-22T02:00:${time}123456Z ${text}\n`;
  const follows = "raft2026/11/22 02:00:01 INFO: 8e9e became follower at term 3";
  const leads = "raft2026/11/22 02:00:05 INFO: 8e9e became leader at term 4";

  it("from its last line as a follower to its first as a leader, in 3.4's log", () =>
    assert.deepEqual(electionOf(line("01.500", follows) + line("02.000", follows) + line("05.250", leads)), {
      at: Date.parse("2026-11-22T02:00:02.000Z"),
      seconds: 3.25,
    }));
  it("in 3.5's", () => {
    const of = (role: string) => `{"level":"info","msg":"8e9e became ${role} at term 4"}`;
    assert.equal(electionOf(line("01.000", of("follower")) + line("01.500", of("leader")))?.seconds, 0.5);
  });
  it("of the first start of several", () =>
    assert.equal(
      electionOf(
        [line("01.000", follows), line("02.000", leads), line("03.000", follows), line("09.000", leads)].join(""),
      )?.seconds,
      1,
    ));
  it("isn't known without both", () => {
    assert.equal(electionOf(line("01.000", follows)), undefined);
    assert.equal(electionOf(""), undefined);
  });
});

describe("the procedure by hand", () => {
  const script = byHand(
    {
      Config: {
        Image: "etcd:3",
        Cmd: [
          "/usr/local/bin/etcd",
          "--name=m3",
          "--initial-advertise-peer-urls=https://x:2380",
          "--initial-cluster=a=b,m3=c",
        ],
        Entrypoint: null,
        Env: ["ETCDCTL_API=3"],
        Labels: { role: "it's" },
      },
      HostConfig: { Binds: ["/var/lib/etcd:/d:z"] },
    },
    "nodes: []",
  );

  it("is the seed's: stop, rename, run with the flag and a cluster of one, rke up", () => {
    assert.match(script, /docker stop etcd\ndocker rename etcd etcd-old\ndocker run .*--restart=always/);
    assert.match(script, /'--initial-cluster=m3=https:\/\/x:2380' '--force-new-cluster'\n/);
    assert.match(script, /--label='role=it'\\''s' --env='ETCDCTL_API=3' --volume='\/var\/lib\/etcd:\/d:z' etcd:3 /);
    assert.match(script, /rke up --config cluster\.yml/);
  });

  it("takes the lost nodes out of cluster.yml", () =>
    assert.equal(
      withoutNodes("nodes:\n  - address: 10.0.0.1\n  - address: 10.0.0.11\n", ["10.0.0.1"]),
      "nodes:\n  - address: 10.0.0.11\n",
    ));
});

describe("what a recovery is compared with", () => {
  const run = (run: number, firstWrite: number, total: number, election: number) => ({
    run,
    firstWrite,
    failing: firstWrite,
    gaps: [],
    total,
    dataBytes: 1,
    writtenBytes: undefined,
    election: { at: 0, seconds: election },
  });
  const result: RecoveryResult = {
    ways: [
      {
        name: "up",
        kind: "program",
        floor: "floor",
        waitingFloor: "waiting",
        byHand: "hand",
        runs: [run(1, 6, 30, 1), run(2, 9, 30, 0), run(3, 12, 30, 5)],
      },
      { name: "floor", kind: "floor", runs: [run(1, 3, 3, 2), run(3, 4, 4, 1)] },
      { name: "waiting", kind: "floor", runs: [run(1, 7, 7, 4), run(2, 9, 9, 5)] },
      { name: "hand", kind: "by hand", runs: [run(1, 12, 60, 2), run(3, 12, 60, 5)] },
    ],
    engineStart: [1, 9, 2],
    standIns: [],
  };

  it("its floor and the engine's start together, and by hand, run by run", () => {
    const [ratio] = recoveryRatios(result);
    assert.deepEqual(ratio?.toFloor, { min: 1.5, median: 1.75, max: 2, runs: 2 });
    assert.deepEqual(ratio?.toWaitingFloor, { min: 0.5, median: 0.625, max: 0.75, runs: 2 });
    assert.deepEqual(ratio?.toHand?.firstWrite, { min: 0.5, median: 0.75, max: 1, runs: 2 });
    assert.deepEqual(ratio?.toHand?.total, { min: 0.5, median: 0.5, max: 0.5, runs: 2 });
  });

  it("in a drill: from the first thing done to etcd to the first write, in floors", () => {
    const step = (name: string, second: number, seconds: number) => ({
      step: name,
      host: "h",
      startedAt: new Date(second * 1000).toISOString(),
      seconds,
      did: [],
    });
    const steps = [step("claim", 0, 1), step("snapshot", 2, 1), step("first-write", 11, 1)];
    assert.equal(toFloor(steps, 5), 2);
    assert.throws(() => toFloor(steps.slice(0, 2), 5), /must have the step first-write/);
  });
});
