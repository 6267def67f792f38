import assert from "node:assert/strict";
import { makeCluster } from "../../../stand-ins/rke/cluster";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import { uniqueHosts } from "../../../stand-ins/rke/hosts";
import { nodePlan } from "../../../stand-ins/rke/plan/node-plan";
import type { Process } from "../../../stand-ins/rke/plan/process";
import { isModelled, standFor } from "../../../stand-ins/rke/releases";
import { PLAN_CASES, releasePlan, releasePlans, rkePlan } from "../../rke-golden";

const sorted = (values: string[] | undefined) => (values ? [...values].sort() : undefined);

/** As the golden plans are written: lists sorted, what is empty left out. */
function comparable(process: Process): Record<string, unknown> {
  const { command, args, env } = process;
  const lists = {
    command: command && [...command.slice(0, 2), ...(sorted(command.slice(2)) ?? [])],
    args: sorted(args),
    env: sorted(env),
  };
  const filled = Object.entries({ ...process, ...lists }).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(filled);
}

function assertPlanned(yml: string, plan: string): void {
  const cluster = makeCluster(parseClusterFile(yml, true), "cluster.yml");
  const planned: Record<string, unknown> = {};
  for (const host of uniqueHosts(cluster)) {
    host.info.Architecture = "x86_64";
    const processes = nodePlan(cluster, host);
    for (const service of ["etcd", "kube-apiserver"]) {
      const process = processes[service];
      if (process) planned[`${host.name}/${service}`] = comparable(process);
    }
  }
  const wanted = JSON.parse(plan);
  for (const process of Object.values(wanted) as Process[]) process.env?.sort();
  assert.deepEqual(planned, wanted);
}

describe("the stand-in plans etcd and kube-apiserver as RKE does", () => {
  for (const name of PLAN_CASES) {
    it(name, () => assertPlanned(rkePlan(`${name}.yml`), rkePlan(`${name}.yml.plan.json`)));
  }
});

/** Recorded clusters with settings that the stand-in refuses by name. */
const refused = ["options", "private-registry"];

describe("the stand-in plans etcd and kube-apiserver as each recorded release of RKE does", () => {
  after(() => standFor());
  for (const [rke, plans] of Object.entries(releasePlans())) {
    const modelled = plans.filter(({ kubernetes, name }) => isModelled(kubernetes) && !refused.includes(name));
    if (rke === "v1.2.5") continue; // it has no version that the stand-in models
    it(`${rke}: ${modelled.length} plans`, () => {
      standFor(rke);
      assert.ok(modelled.length > 0);
      for (const plan of modelled) assertPlanned(...releasePlan(rke, plan));
    });
  }
});
