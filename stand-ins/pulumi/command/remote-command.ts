import { randomBytes } from "node:crypto";
import type { Resource, ResourceType } from "../serve/provider.js";
import { reveal, revealMap, UNKNOWN, type ValueMap } from "../serve/wire.js";
import { checkConnection, connectionOf } from "./connection.js";
import { diffInputs } from "./diff.js";
import { checkInputs } from "./inputs.js";
import type { Logging } from "./output.js";
import { NOTHING, type Outputs, outputsOf, runRemote } from "./run-remote.js";

const INPUTS = [
  "connection",
  "create",
  "update",
  "delete",
  "stdin",
  "environment",
  "triggers",
  "logging",
  "addPreviousOutputInEnv",
];

const NOT_YET = { stdout: UNKNOWN, stderr: UNKNOWN };

function run(resource: Resource, command: string, properties: ValueMap, previous: ValueMap): Promise<Outputs> {
  const plain = revealMap(properties);
  const offers = plain.addPreviousOutputInEnv !== false;
  const stdin = plain.stdin;
  return runRemote(
    connectionOf(properties),
    {
      command,
      ...(typeof stdin === "string" ? { stdin } : {}),
      environment: (plain.environment ?? {}) as Record<string, string>,
      previous: offers ? outputsOf(previous) : undefined,
      logging: plain.logging as Logging | undefined,
    },
    resource.log,
  );
}

export const RemoteCommand: ResourceType = {
  check(_resource, inputs) {
    const checked = checkConnection(inputs);
    return { ...checked, failures: [...checkInputs(inputs, INPUTS), ...(checked.failures ?? [])] };
  },
  diff: (_resource, request) => diffInputs(request, ["triggers"]),
  async create(resource, { inputs, preview }) {
    const id = resource.name + randomBytes(4).toString("hex");
    if (preview) return { id, outputs: { ...inputs, ...NOT_YET } };
    const command = reveal(inputs.create);
    const outputs = typeof command === "string" ? await run(resource, command, inputs, {}) : NOTHING;
    return { id, outputs: { ...inputs, ...outputs } };
  },
  async update(resource, { inputs, olds, preview }) {
    if (preview) return { ...inputs, ...NOT_YET };
    const command = reveal(inputs.update ?? inputs.create);
    const outputs = typeof command === "string" ? await run(resource, command, inputs, olds) : outputsOf(olds);
    return { ...inputs, ...outputs };
  },
  async delete(resource, state) {
    const command = reveal(state.delete);
    if (typeof command === "string") await run(resource, command, state, state);
  },
};
