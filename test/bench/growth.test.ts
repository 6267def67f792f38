import assert from "node:assert/strict";
import { pureCosts } from "../../bench/rendering";
import { growth, ratios, spread } from "../../bench/statistics";

describe("the benchmark's arithmetic", () => {
  it("minimum, median and maximum", () => {
    assert.deepEqual(spread([3, 1, 2]), { min: 1, median: 2, max: 3, runs: 3 });
    assert.deepEqual(spread([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4, runs: 4 });
    assert.throws(() => spread([]), /at least one value/);
  });

  it("ratios run by run, not of medians", () => {
    assert.deepEqual(ratios([2, 20, 3], [1, 10, 3]), { min: 1, median: 2, max: 2, runs: 3 });
  });

  it("growth: 1 is linear, 2 quadratic", () => {
    assert.equal(growth({ size: 10, cost: 3 }, { size: 100, cost: 30 }), 1);
    assert.equal(growth({ size: 10, cost: 3 }, { size: 100, cost: 300 }), 2);
  });
});

describe("planning and rendering grow with the number of hosts, no faster", function () {
  this.timeout(180_000);
  let small: ReturnType<typeof pureCosts>;
  let large: ReturnType<typeof pureCosts>;
  before(() => {
    pureCosts(50, 2); // code is compiled as it runs
    small = pureCosts(200, 5);
    large = pureCosts(2000, 3);
  });
  // between linear and quadratic, with room for a busy machine and for memory that gets slower as it grows
  for (const key of ["topology", "facts", "plan", "words", "pages"] as const) {
    it(`${key}: ten times the hosts, at most 30 times the processor time`, () => {
      const cost = (costs: typeof small) => ({ size: costs.hosts, cost: Math.max(costs[key], 4) });
      const power = growth(cost(small), cost(large));
      assert.ok(
        power < Math.log10(30),
        `${small[key]} ms for ${small.hosts} hosts, ${large[key]} ms for ${large.hosts}: power ${power}`,
      );
    });
  }
});
