import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { stepScript } from "./on-host";
import { actHash, actText, type ScriptOf } from "./plan/acts/failover/act-text";
import { planFailover } from "./plan/acts/failover/failover";
import type { FailoverPlan } from "./plan/acts/failover/plan";
import type { Signing } from "./plan/acts/failover/signing";
import { dialectOf } from "./plan/installers/dialect";
import type { Topology } from "./plan/topology/topology";

/** The folder of a Pulumi project, beside rendered/, in which `npm run plan -- --write` keeps the texts of signed acts. */
export const signedFolder = (project: string): string => join(project, "signed");

const scriptOf =
  (topology: Topology): ScriptOf =>
  (script, host) =>
    stepScript(script, dialectOf(topology, host));

/** The text of the act that would run. */
export const textOf = (topology: Topology, plan: FailoverPlan): string => actText(topology, plan, scriptOf(topology));

/**
 * @param begun the hashes with which this act has begun, as its evidence on the hosts has them
 * @param project the folder of the Pulumi project
 */
export function signingOf(
  topology: Topology,
  plan: FailoverPlan,
  begun: Signing["begun"],
  project = __dirname,
): Signing {
  const text = textOf(topology, plan);
  const unseen = planFailover(topology, plan.settings, { hosts: {}, answers: [], at: 0 });
  return {
    text,
    hash: actHash(text),
    declared: actHash(textOf(topology, unseen)),
    kept: (hash) => keptText(hash, signedFolder(project)),
    begun,
  };
}

/** The text in signed/ that has a hash; undefined if there is none. */
export function keptText(hash: string, folder: string): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  return files
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "utf8"))
    .find((text) => actHash(text) === hash);
}
