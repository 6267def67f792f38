import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { buildFailover } from "../../components/failover";
import { failoverEvidence } from "../../evidence/evidence";
import { until } from "../../lab/machine/run";
import { planFailover } from "../../plan/acts/failover/failover";
import { afterLossOfA } from "../plan/worlds/observations";
import { seed } from "../plan/worlds/topologies";

describe("while silence of the lost side is waited for", () => {
  for (const [method, secured, recovery] of [
    ["forceNewCluster", "snapshot-master3", "etcd-member-master3"],
    ["restore", "source-master3", "etcd-restore-master3"],
  ] as const) {
    it(`${method}: epochs are claimed and the source is secured, nothing else; then what is sent beside that`, async () => {
      const begun = new Set<string>();
      let finish = () => {};
      const secures = new Promise<void>((resolve) => {
        finish = resolve;
      });
      await pulumi.runtime.setMocks({
        newResource: async ({ type, name, inputs }) => {
          if (type === "command:remote:Command") begun.add(name);
          if (name === secured) await secures;
          return { id: name, state: { ...inputs, stdout: "" } };
        },
        call: () => ({}),
      });
      const topology = seed();
      const seen = afterLossOfA(topology);
      const settings = {
        lost: "a",
        epoch: 2,
        from: "auto",
        confirm: "a@2",
        attest: "powered-off@a@2",
        method,
      } as const;
      const plan = planFailover(topology, settings, seen);
      let heard = () => {};
      const silent = new Promise<void>((resolve) => {
        heard = resolve;
      });
      const ssh = { user: "root", port: 22, privateKey: "key" };
      buildFailover(topology, plan, failoverEvidence(topology, plan, [], [], 0), ssh, silent);

      const first = ["claim-master3", secured];
      await until("the steps that can be taken back", 20, async () => first.every((name) => begun.has(name)));
      // what comes after them has had the time that they needed
      await new Promise((next) => setTimeout(next, 100));
      assert.deepEqual([...begun].sort(), first);
      heard();
      // these wait for the source on the host itself
      const beside = plan.steps.filter((step) => step.beside?.includes(secured)).map(({ name }) => name);
      assert.deepEqual(beside, [recovery, "kube-apiserver-master3"]);
      await until("the steps beside", 20, async () => beside.every((name) => begun.has(name)));
      finish();
      await until("all steps", 20, async () => plan.steps.every(({ name }) => begun.has(name)));
    });
  }
});
