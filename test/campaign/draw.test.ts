import assert from "node:assert/strict";
import fc from "fast-check";
import { AXES, type Choices, INSTALLERS } from "../../campaign/draw/axes";
import { draw, fitted, plainest, remarkable, seedsThatDraw, valuesOf } from "../../campaign/draw/draw";
import { shrink } from "../../campaign/draw/shrink";

describe("drawing a campaign's run", () => {
  it("gives the same choices for the same seed", () => {
    assert.deepEqual(draw(7), draw(7));
    // recorded: a release of Node or of a package that changed this would make all printed seeds worthless
    assert.deepEqual(remarkable(draw(7)), [
      "topology: learner",
      "raft snapshots: every 10 entries",
      "peace: old snapshot",
      "data: compacted",
      "return: all at once",
      "during the failback: operator killed, a lost again",
      "moment of the failback: quarantine",
    ]);
  });

  it("draws only values that fit what was drawn before", () =>
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom("rke" as const, "kubeadm" as const), (seed, installer) => {
        const choices = draw(seed, installer);
        assert.deepEqual(fitted(choices), choices);
      }),
    ));

  for (const installer of INSTALLERS) {
    it(`reaches every value that clusters of ${installer} can have within 500 seeds, and no other one`, () => {
      const seen = new Set(
        Array.from({ length: 500 }, (_, seed) => draw(seed, installer)).flatMap((c) => Object.entries(c).map(String)),
      );
      const wanted = AXES.flatMap((axis) => valuesOf(axis, installer).map((v) => String([axis.name, v.name])));
      assert.deepEqual([...seen].sort(), [...wanted, String(["installer", installer])].sort());
    });
  }

  it("finds seeds for some values one by one, and says if there are none", () => {
    const only = { disaster: "frozen", topology: "learner" };
    const seeds = seedsThatDraw(1, "rke", only);
    const found = [seeds.next().value, seeds.next().value].map(Number);
    assert.ok(found.every((seed) => draw(seed).disaster === "frozen" && draw(seed).topology === "learner"));
    assert.ok((found[0] ?? 0) < (found[1] ?? 0));
    const passed = Array.from({ length: (found[0] ?? 0) - 1 }, (_, i) => draw(i + 1));
    assert.ok(passed.every((c) => c.disaster !== "frozen" || c.topology !== "learner"));
    assert.throws(
      () => seedsThatDraw(1, "rke", { disaster: "flood" }).next(),
      /^Error: must be drawn by one of 10 000 seeds: disaster: flood$/,
    );
  });

  it("has a plainest run that fits, of which nothing is remarkable", () => {
    for (const installer of ["rke", "kubeadm"] as const) {
      assert.deepEqual(fitted(plainest(installer)), plainest(installer));
      assert.deepEqual(remarkable(plainest(installer)), []);
    }
  });

  it("refuses an axis and a value that there isn't", () => {
    assert.throws(() => fitted({ topology: "moon" }), /^Error: topology: must be one of two-and-one; .*: "moon"$/);
    assert.throws(() => fitted({ weather: "rain" }), /^Error: axis: must be one of the campaign's: weather$/);
  });
});

describe("shrinking a failing run", () => {
  const whole = (seed: number, wanted: Choices) => fitted({ ...draw(seed), ...wanted });
  const needs = (wanted: Choices) => async (choices: Choices) =>
    Object.entries(wanted).every(([axis, value]) => choices[axis] === value);

  it("leaves only the choices that make it fail", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const wanted = { data: "leases", disaster: "frozen" };
        const { choices } = await shrink(whole(seed, wanted), needs(wanted), 1000);
        assert.deepEqual(remarkable(choices), ["data: leases", "disaster: frozen"]);
      }),
      { numRuns: 30 },
    ));

  it("keeps an axis that another one needs", async () => {
    const wanted = { "during the act": "operator killed", "moment of the act": "rke-up" };
    const { choices } = await shrink(whole(3, wanted), needs(wanted), 1000);
    assert.deepEqual(remarkable(choices), ["during the act: operator killed", "moment of the act: rke-up"]);
  });

  it("tries no run twice and keeps to its budget", async () => {
    const tried: string[] = [];
    const { tries } = await shrink(
      whole(11, { data: "leases" }),
      async (choices) => {
        tried.push(JSON.stringify(choices));
        return choices.data === "leases";
      },
      6,
    );
    assert.equal(tried.length, tries);
    assert.ok(tries <= 6);
    assert.equal(new Set(tried).size, tried.length);
  });

  it("returns the run itself if nothing can be left out", async () => {
    const choices = draw(5);
    assert.deepEqual((await shrink(choices, async () => false)).choices, choices);
  });
});
