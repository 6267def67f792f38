import assert from "node:assert/strict";
import type { FailoverPlan } from "../../../plan/acts/failover/plan";
import type { Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { afterLossOfA, container, record } from "./observations";
import { seed } from "./topologies";

/** A failover of the seed was done in epoch 2, all of it, and what it made is there; `change` alters what each host says. */
export function failedOver(
  plan: FailoverPlan,
  change: Partial<Reachable> = {},
): { seen: Observation; master3: Reachable } {
  const seen = afterLossOfA(seed());
  for (const host of Object.values(seen.hosts)) {
    assert.ok(host.reachable);
    Object.assign(host, { epoch: 2, act: plan.act }, change);
    for (const step of plan.steps) {
      const name = step.script;
      host.steps[name] = record(name, 2, 1);
    }
  }
  const master3 = seen.hosts.master3;
  assert.ok(master3?.reachable && plan.etcd && plan.apiServers[0]);
  master3.processes.etcd = container(plan.etcd.after, "running", 2);
  master3.processes["kube-apiserver"] = container(plan.apiServers[0].after, "running", 2);
  return { seen, master3 };
}
