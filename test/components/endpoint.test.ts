import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { buildPrimary } from "../../components/primary";
import { planPrimary } from "../../plan/acts/primary/primary";
import type { Topology } from "../../plan/topology/topology";
import { runHere } from "../../reach/operator-command";
import { kubeadmReturned } from "../plan/worlds/kubeadm-returned";
import { kubeadmTopology } from "../plan/worlds/kubeadm-world";

describe("the command that moves the API's name, in a failback that is resumed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "endpoint-"));
  });
  afterEach(async () => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "p", "s", false);
    rmSync(folder, { recursive: true });
  });

  /** Declares a failback's resources, whose first write is in the stack's state already. @returns true if the command ran */
  async function ran(preview: boolean): Promise<boolean> {
    const mark = join(folder, "moved");
    const topology: Topology = { ...kubeadmTopology(), endpoint: { move: `touch ${mark}` } };
    const seen = kubeadmReturned(topology, { cp3: { preflight: { earlierPlan: { endpoint: "cp1" } } } });
    const plan = planPrimary(topology, 3, seen);
    assert.equal(plan.failback?.endpoint?.name, "cp1");
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => ({
          id: name,
          state: { ...inputs, stdout: "", privateKeyOpenssh: "key", publicKeyOpenssh: "key" },
        }),
        call: () => ({}),
      },
      "project",
      "primary",
      preview,
    );
    const steps = buildPrimary(topology, plan, { user: "root", port: 22, privateKey: "key" });
    const named = plan.steps.filter((s) => s.script === "endpoint");
    assert.ok(named.length > 0 && named.every((s) => s.due));
    await Promise.all(named.map((s) => new Promise((resolve) => steps[s.name]?.stdin.apply(resolve))));
    return existsSync(mark);
  }

  it("runs in up", async () => assert.equal(await ran(false), true));
  it("doesn't run in preview, although the first write's output is known there", async () =>
    assert.equal(await ran(true), false));
  it("no command of the topology's runs in preview, whoever asks", async () => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "p", "s", true);
    const mark = join(folder, "moved");
    await assert.rejects(runHere("fence", `touch ${mark}`, 5), /must not run in a preview/);
    assert.equal(existsSync(mark), false);
  });
});
