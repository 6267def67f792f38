import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** What the tests look at in a cluster.rkestate. */
export interface State {
  desiredState: unknown;
  currentState: { rkeConfig: { nodes: { address: string; role: string[] }[] } };
}
export const parse = (text: string) => JSON.parse(text) as State;

/** Runs a script's editing function alone, with the state on stdin. */
export function edit(
  script: string,
  state: string,
  ...call: string[]
): { code: number | null; state: string; error: string } {
  const file = join(__dirname, "../../on-host", `${script}.sh`);
  const code = `set -euo pipefail; die() { echo "$*" >&2; exit 1; }; source "$1"; shift; "$@"`;
  const run = spawnSync("bash", ["-c", code, "bash", file, ...call], { input: state, encoding: "utf8" });
  return { code: run.status, state: run.stdout, error: run.stderr };
}
