import "../late.js";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";

/** How the SDK runs the Pulumi CLI (@pulumi/pulumi 3.276); its types leave it out. */
type Run = (
  args: string[],
  cwd: string,
  env: Record<string, string>,
  onOutput?: (text: string) => void,
  onError?: (text: string) => void,
  signal?: AbortSignal,
) => Promise<unknown>;

/**
 * The Pulumi CLI on PATH. What can be cancelled runs away from the terminal, and is asked to end once, however often (pulumi-once.js).
 * @throws Error if there is none, or if its version doesn't fit
 */
export async function pulumiCommand(env: Record<string, string> = {}): Promise<PulumiCommand> {
  const pulumi = await PulumiCommand.get({ skipVersionCheck: !!env.PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK });
  const { run } = pulumi as unknown as { run: Run };
  const once = { command: process.execPath, version: pulumi.version };
  const runOnce: Run = (args, cwd, own, onOutput, onError, signal) =>
    signal === undefined
      ? run.call(pulumi, args, cwd, own, onOutput, onError)
      : run.call(once, [script, pulumi.command, ...args], cwd, own, onOutput, onError, signal);
  return Object.assign(Object.create(pulumi) as PulumiCommand, { run: runOnce });
}

const script = join(__dirname, "pulumi-once.js");
