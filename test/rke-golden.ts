import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const GOLDEN = join(__dirname, "golden");

/** A plan of the real RKE. */
export function rkePlan(file: string): string {
  return readFileSync(join(GOLDEN, "rke-plan", file), "utf8");
}

export function hasCertificates(name: string): boolean {
  return existsSync(join(GOLDEN, "rke-plan", `${name}.yml.certs.json`));
}

/** A file that the real `rke up` printed or left. */
export function upFile(file: string): string {
  return readFileSync(join(GOLDEN, "rke-up", file), "utf8");
}

export const PLAN_CASES = [
  "force-new-cluster.failover",
  "force-new-cluster.primary",
  "internal-addresses",
  "learner.failover-external",
  "learner.failover-managed",
  "learner.primary",
  "single-datacenter-order",
  "snapshots-and-extra-args",
];
