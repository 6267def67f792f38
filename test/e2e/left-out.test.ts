import assert from "node:assert/strict";
import { onRequest } from "./on-request";
import { without } from "./topology-edit";
import { World } from "./world";

onRequest("left-out", "a dead worker of the surviving side is left out of the topology", function () {
  this.timeout(600_000);
  const world = new World();
  before(async function () {
    this.timeout(1_800_000);
    await world.build();
  });
  after(() => world.lab.down());

  it("the failover leaves out an unreachable worker and deletes its Node, and `rke up` doesn't dial it", async () => {
    await world.lab.powerOff("a");
    await world.lab.powerOff("node2");
    const clone = await world.confirmed("left-out");
    const stopped = await world.failover(clone);
    assert.notEqual(stopped.code, 0);
    assert.match(stopped.all, /node2 \(192\.168\.31\.105\): .*\n(?:.*\n)*? +Or take node2 out of Pulumi\.yaml/);
    world.edit(clone, "Pulumi.yaml", without("node2"));
    const done = await world.failover(clone);
    assert.equal(done.code, 0, done.all);
    assert.match(done.all, /node2 \(192\.168\.31\.105\) is not in the topology: it leaves currentState, too/);
    const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
    assert.equal(nodes.stdout.trim(), "node/master3");
    const log = await world.on("master3", "cat /var/lib/rke-dr/epoch-2/rke-up.log");
    assert.match(log, /192\.168\.31\.103/);
    assert.doesNotMatch(log, /192\.168\.31\.105/);
    assert.equal((await world.upAgain(clone)).code, 0);
  });
});
