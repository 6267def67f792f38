import assert from "node:assert/strict";
import { type Attempt, judge, parseLog } from "../../drill/history";

const attempt = (n: number, startedAt: number, acknowledged = true): Attempt => ({
  n,
  startedAt,
  endedAt: startedAt + 5,
  acknowledged,
  server: "s",
});
const history = [attempt(1, 100), attempt(2, 200), attempt(3, 300), attempt(4, 400, false), attempt(5, 900)];

describe("judging what the client was told", () => {
  const cases: [string, number[], number | undefined, Partial<ReturnType<typeof judge>>][] = [
    [
      "all there",
      [1, 2, 3, 5],
      210,
      { lost: [], broken: [], firstWriteAt: 905, lastWriteBefore: 305, acknowledged: 4 },
    ],
    ["one lost after data as of T", [1, 2, 5], 210, { lost: [3], broken: [] }],
    ["one lost before data as of T", [1, 3, 5], 210, { lost: [2], broken: [2], outOfOrder: [2] }],
    ["the newest lost", [1, 5], 110, { lost: [2, 3], broken: [], outOfOrder: [] }],
    ["one lost that an unanswered write outlived", [1, 2, 4, 5], 210, { lost: [3], broken: [], outOfOrder: [3] }],
    ["one lost at the instant of T", [1, 3, 5], 205, { lost: [2], broken: [2] }],
    ["one lost that was written after the failover began", [1, 2, 3], 210, { lost: [5], broken: [5] }],
    ["nothing said of the data's age", [1, 2, 5], undefined, { lost: [3], broken: [3] }],
    ["an unacknowledged write that is there is no loss", [1, 2, 3, 4, 5], 210, { lost: [], broken: [] }],
  ];
  for (const [what, present, dataAsOf, expected] of cases) {
    it(what, () => {
      const result = judge(history, new Set(present), dataAsOf, 500);
      assert.deepEqual({ ...result, ...expected }, result);
    });
  }

  it("no write was accepted again", () => {
    assert.equal(judge(history.slice(0, 4), new Set([1, 2, 3]), 210, 500).firstWriteAt, undefined);
  });

  it("a line cut by the end of the process is left out", () => {
    assert.deepEqual(parseLog(`${JSON.stringify(history[0])}\n{"n":2,"star`), [history[0]]);
  });
});
