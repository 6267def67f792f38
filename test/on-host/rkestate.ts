import { spawnSync } from "node:child_process";
import { onHostText, withNeeds } from "../../on-host";

/** The parts of a cluster.rkestate that the tests look at. */
export interface State {
  desiredState: unknown;
  currentState: { rkeConfig: { nodes: { address: string; role: string[] }[] } };
}
export const parse = (text: string) => JSON.parse(text) as State;

/** Runs a script's editing function alone, with the state on stdin. */
export function edit(
  script: "rke-state" | "rke-state-back" | "lib/checksums",
  state: string,
  ...call: string[]
): { code: number | null; state: string; error: string } {
  const functions = withNeeds(`installers/rke/${script}`, onHostText)
    .filter((name) => name.startsWith("installers/"))
    .map(onHostText)
    .join("\n");
  const code = `set -euo pipefail; die() { echo "$*" >&2; exit 1; }; eval "$1"; shift; "$@"`;
  const run = spawnSync("bash", ["-c", code, "bash", functions, ...call], { input: state, encoding: "utf8" });
  return { code: run.status, state: run.stdout, error: run.stderr };
}
