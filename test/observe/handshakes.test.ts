import assert from "node:assert/strict";
import { Handshakes } from "../../observe/handshakes";

describe("a few handshakes at a time", () => {
  it("the next begins when one is over, not when its work has ended", async () => {
    const gate = new Handshakes(2);
    const over: (() => void)[] = [];
    const end: (() => void)[] = [];
    const works = ["a", "b", "c", "d"].map((name) =>
      gate.during((done) => {
        over.push(done);
        return new Promise<string>((resolve) => end.push(() => resolve(name)));
      }),
    );
    await Promise.resolve();
    assert.equal(over.length, 2);
    over[0]?.();
    over[0]?.(); // counts once
    await new Promise(setImmediate);
    assert.equal(over.length, 3, "a's handshake is over, its work goes on");
    end[1]?.();
    await new Promise(setImmediate);
    assert.equal(over.length, 4, "an end is the end of its handshake, too");
    for (const finish of end) finish();
    assert.deepEqual(await Promise.all(works), ["a", "b", "c", "d"]);
  });

  it("a failure lets the next one begin", async () => {
    const gate = new Handshakes(1);
    await assert.rejects(gate.during(() => Promise.reject(new Error("no route"))));
    assert.equal(await gate.during(() => Promise.resolve("next")), "next");
  });
});
