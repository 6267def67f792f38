/** How the operator runs Pulumi: which program, with which environment, and the stacks that a new backend needs. */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { must } from "../machine/run";
import type { Place } from "../state/place";
import { type Engine, pulumiHome } from "./engine";
import { asOperator, operatorDir } from "./operator";
import type { Workspace } from "./project";

export const STACKS = ["primary", "failover"];

export interface Command {
  argv: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export function pulumiCommand(place: Place, engine: Engine, workspace: Workspace, args: readonly string[]): Command {
  return {
    argv: asOperator(place, [engine.pulumi, ...args]),
    cwd: workspace.project,
    env: pulumiEnvironment(process.env, {
      home: pulumiHome(place),
      backend: workspace.backend,
      passphraseFile: passphraseFile(place),
      path: engine.path,
    }),
  };
}

/** The caller's own Pulumi settings stay out: backend, home and secrets are the lab's. */
export function pulumiEnvironment(
  env: NodeJS.ProcessEnv,
  lab: { home: string; backend: string; passphraseFile: string; path: string[] },
): NodeJS.ProcessEnv {
  const rest = Object.entries(env).filter(([key]) => !key.startsWith("PULUMI_"));
  return {
    // tests and drills read preview's lines whole
    RKE_DR_COLUMNS: "0",
    ...Object.fromEntries(rest),
    PATH: [...lab.path, env.PATH ?? ""].join(delimiter),
    PULUMI_HOME: lab.home,
    PULUMI_BACKEND_URL: `file://${lab.backend}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: lab.passphraseFile,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** Makes the stacks that the backend doesn't have yet. */
export async function makeStacks(place: Place, engine: Engine, workspace: Workspace): Promise<void> {
  for (const stack of STACKS) {
    if (existsSync(join(workspace.backend, ".pulumi/stacks/rke-dr", `${stack}.json`))) continue;
    const command = pulumiCommand(place, engine, workspace, [
      "stack",
      "init",
      stack,
      "--no-select",
      "--non-interactive",
    ]);
    await must(command.argv, { cwd: command.cwd, env: command.env });
  }
}

function passphraseFile(place: Place): string {
  const file = join(operatorDir(place), "passphrase");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  return file;
}
