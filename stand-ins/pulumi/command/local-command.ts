import { randomBytes } from "node:crypto";
import type { Resource, ResourceType } from "../serve/provider.js";
import { reveal, revealMap, UNKNOWN, type ValueMap } from "../serve/wire.js";
import { diffInputs } from "./diff.js";
import { checkInputs } from "./inputs.js";
import { runLocal } from "./run-local.js";
import { NOTHING, type Outputs, outputsOf } from "./run-remote.js";

const SHARED = ["stdin", "environment", "logging", "addPreviousOutputInEnv", "interpreter", "dir"];
const INPUTS = [...SHARED, "create", "update", "delete", "triggers"];
const NOT_YET = { stdout: UNKNOWN, stderr: UNKNOWN };

function run(resource: Resource, command: string, properties: ValueMap, previous: Outputs): Promise<Outputs> {
  return runLocal(command, revealMap(properties), previous, resource.log);
}

export const LocalCommand: ResourceType = {
  check: (_resource, inputs) => ({ inputs, failures: checkInputs(inputs, INPUTS) }),
  diff: (_resource, request) => diffInputs(request, ["triggers"]),
  async create(resource, { inputs, preview }) {
    const id = resource.name + randomBytes(4).toString("hex");
    if (preview) return { id, outputs: { ...inputs, ...NOT_YET } };
    const command = reveal(inputs.create);
    const outputs = typeof command === "string" ? await run(resource, command, inputs, NOTHING) : NOTHING;
    return { id, outputs: { ...inputs, ...outputs } };
  },
  async update(resource, { inputs, olds, preview }) {
    if (preview) return { ...inputs, ...NOT_YET };
    const command = reveal(inputs.update ?? inputs.create);
    const old = outputsOf(olds);
    return { ...inputs, ...(typeof command === "string" ? await run(resource, command, inputs, old) : old) };
  },
  async delete(resource, state) {
    const command = reveal(state.delete);
    if (typeof command === "string") await run(resource, command, state, outputsOf(state));
  },
};

/** The function command:local:run: runs whenever it is called, in previews too. */
export async function localRun(args: ValueMap, log: Resource["log"]): Promise<ValueMap> {
  const [failure] = checkInputs(args, [...SHARED, "command"], ["command"]);
  if (failure) throw new Error(`${failure.property}: ${failure.reason}`);
  const inputs = revealMap(args);
  return { ...inputs, ...(await runLocal(String(inputs.command), inputs, NOTHING, log)) };
}
