import { existsSync, readdirSync, readFileSync } from "node:fs";
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

export interface ReleasePlan {
  kubernetes: string;
  /** Of the cluster. */
  name: string;
}

const RELEASES = join(GOLDEN, "rke-releases");
const ENDING = ".plan.json";

/** The recorded plans, by RKE release. */
export function releasePlans(): Record<string, ReleasePlan[]> {
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith("v"))
      .map(({ name }) => name);
  return Object.fromEntries(
    folders(RELEASES).map((rke) => [
      rke,
      folders(join(RELEASES, rke)).flatMap((kubernetes) =>
        readdirSync(join(RELEASES, rke, kubernetes))
          .filter((file) => file.endsWith(ENDING))
          .map((file) => ({ kubernetes, name: file.slice(0, -ENDING.length) })),
      ),
    ]),
  );
}

/** The cluster.yml of a recorded plan, with the version of Kubernetes that was planned for, and the plan. */
export function releasePlan(rke: string, { kubernetes, name }: ReleasePlan): [yml: string, plan: string] {
  const yml = readFileSync(join(RELEASES, "clusters", `${name}.yml`), "utf8");
  const plan = readFileSync(join(RELEASES, rke, kubernetes, `${name}${ENDING}`), "utf8");
  return [yml.replace(/^kubernetes_version: .*$/m, `kubernetes_version: ${kubernetes}`), plan];
}
