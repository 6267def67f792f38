import assert from "node:assert/strict";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

onRequest("cut-off", "the survivor loses its power in a step, and pulumi is left running", function () {
  this.timeout(600_000);
  const world = new World();
  const survivor = "master3";
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    await world.wrote("written-before");
    await world.lab.powerOff("a");
    clone = await world.confirmed("cut-off");
  });
  after(() => world.lab.down());

  it("up fails, and has said which host was lost, in which step, and what to do", async () => {
    const result = await world.cutOffAt(clone, [survivor, "grep -q epoch.:2 /var/lib/rke-dr/steps/first-write"]);
    assert.notEqual(result.code, 0);
    assert.match(
      result.all,
      /warning: master3 \(192\.168\.31\.103\) doesn't answer SSH any more, for about 20 s: it has lost its power or its network\. Not ended there: [^.]*\. Bring the host back, then run the same command again/,
    );
    assert.doesNotMatch(result.all, /node2 \(192\.168\.31\.105\) doesn't answer SSH any more/);
  });

  it("what it said to do finishes the failover", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    await world.kept("written-before");
    await world.wrote("written-after");
  });
});
