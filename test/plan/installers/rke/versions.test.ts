import assert from "node:assert/strict";
import fc from "fast-check";
import { knownKubernetes, knownRke } from "../../../../plan/installers/rke/releases/table";
import {
  compareVersions,
  isAtLeast,
  isInRange,
  minorOf,
  parseVersion,
} from "../../../../plan/installers/rke/releases/versions";

describe("versions", () => {
  const ascending = [
    "v1.2.9",
    "v1.2.10",
    "v1.3.0-rc.2",
    "v1.3.0-rc.10",
    "v1.3.0",
    "v3.4.3-rancher1",
    "v3.4.3-rancher99",
    "3.4.3",
    "v3.4.14-rancher1",
  ];
  for (const [i, older] of ascending.entries()) {
    for (const newer of ascending.slice(i + 1)) {
      it(`${older} is older than ${newer}`, () => {
        assert.ok(compareVersions(older, newer) < 0);
        assert.ok(compareVersions(newer, older) > 0);
      });
    }
  }

  it("are in one order, whichever is asked first", () => {
    const version = fc.constantFrom(...knownKubernetes, ...knownRke);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0);
        assert.equal(compareVersions(a, b) === 0, a === b);
        if (isAtLeast(a, b) && isAtLeast(b, c)) {
          assert.ok(isAtLeast(a, c));
        }
      }),
    );
  });

  it("are refused if they are none", () => {
    assert.equal(parseVersion("latest"), undefined);
    assert.throws(() => compareVersions("v1.2", "v1.2.3"), /is not a version like .*: "v1\.2"/);
  });

  it("have a minor version, cut as RKE cuts it", () => {
    assert.deepEqual(["v1.20.5-rancher1", "1.20", "latest"].map(minorOf), ["v1.20", "1.20", ""]);
  });
});

describe("a range of versions", () => {
  it("includes both ends", () => {
    assert.deepEqual(
      ["v1.5.8", "v1.5.9", "v1.5.10", "v1.5.11"].map((rke) => isInRange(rke, "v1.5.9..v1.5.10")),
      [false, true, true, false],
    );
  });

  it("without an end includes the first and everything after it, and of one version only itself", () => {
    assert.deepEqual(
      ["v1.4.3", "v1.4.4", "v1.7.0-rc.3"].map((rke) => isInRange(rke, "v1.4.4..")),
      [false, true, true],
    );
    assert.deepEqual(
      ["v1.3.23", "v1.3.24", "v1.4.0"].map((rke) => isInRange(rke, "v1.3.24")),
      [false, true, false],
    );
  });
});
