import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { buildFailover } from "../../components/failover";
import type { ActReport } from "../../evidence/act-report";
import { recordedAct } from "../evidence/act";

describe("the report that a failover exports", () => {
  it("knows the hosts that call themselves otherwise", async () => {
    const { topology, plan, evidence, results } = recordedAct();
    const stdout = (name: string) => {
      const result = results.find((r) => `${r.step}-${r.host}` === name);
      return result ? JSON.stringify({ ...result, host: `${result.host.toUpperCase()}.example` }) : "";
    };
    await pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: name, state: { ...inputs, stdout: stdout(name) } }),
      call: () => ({}),
    });
    const ssh = { user: "root", port: 22, privateKey: "key" };
    const exported = buildFailover(topology, plan, evidence, ssh, Promise.resolve());
    const report = await new Promise<ActReport>((resolve) => exported.apply(resolve));
    assert.deepEqual(
      [report.outcome, report.rto.seconds !== undefined, report.setAside.map((a) => a.host)],
      ["finished", true, ["master3", "master3"]],
    );
  });
});
