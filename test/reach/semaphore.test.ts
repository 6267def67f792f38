import assert from "node:assert/strict";
import { Semaphore } from "../../reach/semaphore";

describe("semaphore: a few tasks at a time", () => {
  it("the next begins when one is over, not when its work has ended", async () => {
    const gate = new Semaphore(2);
    const over: (() => void)[] = [];
    const end: (() => void)[] = [];
    const works = ["a", "b", "c", "d"].map((name) =>
      gate.take((done) => {
        over.push(done);
        return new Promise<string>((resolve) => end.push(() => resolve(name)));
      }),
    );
    await Promise.resolve();
    assert.equal(over.length, 2);
    over[0]?.();
    over[0]?.(); // counts once
    await new Promise(setImmediate);
    assert.equal(over.length, 3, "a has left its place, its work goes on");
    end[1]?.();
    await new Promise(setImmediate);
    assert.equal(over.length, 4, "an end leaves the place, too");
    for (const finish of end) finish();
    assert.deepEqual(await Promise.all(works), ["a", "b", "c", "d"]);
  });

  it("a failure lets the next one begin", async () => {
    const gate = new Semaphore(1);
    await assert.rejects(gate.take(() => Promise.reject(new Error("no route"))));
    assert.equal(await gate.take(() => Promise.resolve("next")), "next");
  });
});
