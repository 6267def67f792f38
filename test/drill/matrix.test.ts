import { equal } from "node:assert/strict";
import { matrixText } from "../../drill/matrix";
import type { DrillReport } from "../../drill/report";

const report = (verified: boolean): DrillReport => ({
  verified,
  steps: [],
  checks: [
    { what: "a", ok: true, found: "1" },
    { what: "b", ok: verified, found: "2" },
  ],
  failoverSteps: [],
  rtoSeconds: 7.51,
  dataAsOf: undefined,
  outageSeconds: undefined,
  writes: { acknowledged: 600, lost: 0, lostNumbers: [] },
  recovered: { from: "master3", method: "forceNewCluster" },
  standIns: [],
});

describe("drill: the matrix", () => {
  it("has a line for each release, with what failed", () => {
    const row = { rke: "v1.4.22", kubernetes: "v1.27.16-rancher1-1", etcd: "3.5.10" };
    const line = "  RKE v1.4.22, v1.27.16-rancher1-1, etcd 3.5.10";
    equal(
      matrixText([{ ...row, report: report(true) }, { ...row, report: report(false) }, row]),
      [
        "",
        "MATRIX",
        `${line}, verified, RTO 7.5 s, 0 of 600 lost`,
        `${line}, NOT verified, RTO 7.5 s, 0 of 600 lost, b: 2`,
        `${line}, no report`,
        "",
      ].join("\n"),
    );
  });
});
