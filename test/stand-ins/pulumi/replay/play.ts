import type { Suite } from "./engine.js";
import { type Golden, phaseOf } from "./golden.js";
import type { Matcher } from "./template.js";

type Json = Record<string, unknown>;
type State = Awaited<ReturnType<Suite["state"]>>;

export type Part =
  | "exitCode"
  | "steps"
  | "status"
  | "diagnostics"
  | "status lines"
  | "resourceChanges"
  | "commandsRun"
  | "state";

export interface Options {
  /** A preview changes nothing and may be left out. */
  preview: boolean;
  /** The parts that are left to chance, or that aren't the record's because only a part of the stage's resources is played. */
  ignores?: Part[];
  /** Played for the stages after it only. */
  unchecked?: boolean;
  args?: string[];
  /** More arguments, for acting only: the preview is that of the whole stage. */
  acting?: string[];
  /** Done between the preview and the acting. */
  beforeActing?: () => Promise<unknown>;
  /** The parts of a preview that are left to chance. */
  previewIgnores?: Part[];
  /** The point at which the record ends a run that hangs. */
  timeoutSeconds?: number;
  config?: Record<string, string>;
  before?: () => Promise<unknown>;
  /** The world afterwards, as the record's `observed`; without it, that isn't compared. */
  look?: (state: State, golden: Golden) => Promise<Json>;
}

/** Texts that commands print when they run, which functions do in previews, too. */
const IN_PREVIEW_TOO: Part[] = ["status lines", "commandsRun"];

/** Plays a stage against the stack that the stages before have left, and tells what differs from the record. */
export async function play(suite: Suite, golden: Golden, matcher: Matcher, options: Options): Promise<string[]> {
  await suite.stage(golden.stage, options.config);
  await options.before?.();
  const differences: string[] = [];
  for (const name of ["preview", "up", "refresh"] as const) {
    const expected = phaseOf(golden, name);
    if (!expected || (name === "preview" && !options.preview)) continue;
    const serial = name === "preview" || options.args?.includes("--parallel") ? [] : ["--parallel", "1"];
    const acting = name === "preview" ? [] : (options.acting ?? []);
    if (name === "up") await options.beforeActing?.();
    const args = [...(options.args ?? []), ...acting, ...serial];
    const observed = await suite.operate(name, args, options.timeoutSeconds);
    if (options.unchecked) continue;
    // what chance there is, is in acting
    const ignores = (options.ignores ?? []).filter((part) => name !== "preview" || IN_PREVIEW_TOO.includes(part));
    if (name === "preview") ignores.push(...(options.previewIgnores ?? []));
    const ignored = Object.fromEntries(ignores.map((part) => [part, undefined]));
    const compared = (phase: Json) => ({
      ...phase,
      diagnostics: lasting(phase.diagnostics, ignores),
      steps: ignores.includes("status") ? unnumbered(phase.steps) : phase.steps,
      ...ignored,
    });
    differences.push(...comparePhase(compared({ ...expected }), compared({ ...observed }), matcher, name));
  }
  if (options.unchecked || !(golden.up || golden.refresh)) return differences;
  const state = await suite.state();
  if (!options.ignores?.includes("state")) differences.push(...compareState(golden, state, matcher));
  if (golden.observed && options.look)
    differences.push(...matcher.compare(withoutKeys(golden.observed), await options.look(state, golden), "observed"));
  return differences;
}

/** Keys are compared in the state, whole. */
function withoutKeys(observed: Json): Json {
  return Object.fromEntries(Object.entries(observed).filter(([, item]) => !(item as Json | null)?.privateKeyPem));
}

function unnumbered(steps: unknown): Json[] {
  return ((steps ?? []) as Json[]).map(({ status: _, ...step }) => step);
}

/** Inputs that a stand-in refuses by name, and which operation shows it. */
export interface Refusal {
  inputs: string[];
  by: "preview" | "up";
}

/** Names each input that lacks for a stage to be refused. */
export async function refusal(suite: Suite, { stage }: Golden, { inputs, by }: Refusal): Promise<string[]> {
  await suite.stage(stage);
  const { exitCode, diagnostics } = await suite.operate(by, []);
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => String(message));
  const untold = inputs.filter((input) => !errors.some((error) => error.includes(`${input}`) && REFUSED.test(error)));
  return [
    ...(exitCode === 0 ? ["not refused"] : []),
    ...untold.map((input) => `no error names ${input}: ${JSON.stringify(errors)}`),
  ];
}

const REFUSED = /not implemented by this stand-in|^stand-in: /;

function lasting(diagnostics: unknown, ignores: Part[]): Json[] {
  return (diagnostics as Json[]).filter(({ ephemeral }) => !ephemeral || !ignores.includes("status lines"));
}

function comparePhase(expected: Json, observed: Json, matcher: Matcher, name: string) {
  const parts = (phase: Json) => ({
    exitCode: phase.exitCode,
    steps: byResource((phase.steps ?? []) as Json[]),
    diagnostics: byResource((phase.diagnostics ?? []) as Json[]),
    resourceChanges: phase.resourceChanges,
    commandsRun: [...((phase.commandsRun as string[] | undefined) ?? [])].sort(),
  });
  return matcher.compare(parts(expected), parts(observed), name);
}

/** Status lines that come only where the server takes its time. */
const FLEETING = ["Resource scheduled for deletion", "Resource is always ready"];

/**
 * Stable: the order of one resource's steps and messages is part of the record, but for what a command writes to two
 * streams, which may arrive in any order.
 */
function byResource(all: Json[]): Json[] {
  const items = all.filter(({ message }) => !FLEETING.includes(String(message)));
  const current = new Set(items.filter(({ op }) => op === "delete").map(({ resource }) => resource));
  const key = ({ resource = "", ephemeral, message, op }: Json) => {
    // two objects, one of which a replacement has left: either may go first
    const isLeft = op === "delete-replaced" && current.has(resource);
    return `${resource} ${ephemeral ? `1 ${message}` : isLeft ? "3" : "2"}`;
  };
  const settled = items.map((item) => (item.message === undefined ? item : { ...item, message: settle(item.message) }));
  return settled.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function settle(message: unknown): string {
  const [what, ...written] = String(message).split(/(?<=": *)\n/);
  return written.length === 0 ? String(message) : `${what}\n${written.join("\n").split("\n").sort().join("\n")}`;
}

function compareState(golden: Golden, { resources, stackOutputs }: State, matcher: Matcher): string[] {
  const names = [
    ...(golden.state ?? []).map(({ resource }) => String(resource)),
    ...(golden.stateUnchanged ?? []),
    ...(golden.stateOmitted ?? []),
  ];
  const present = resources.map(({ resource }) => String(resource));
  const differences = matcher.compare([...new Set(names)].sort(), [...new Set(present)].sort(), "state");
  for (const expected of golden.state ?? []) {
    const isMeant = ({ resource, delete: pending }: Json) =>
      resource === expected.resource && Boolean(pending) === Boolean(expected.delete);
    const found = resources.find(isMeant);
    // The recorder lists these lists in the order of its own map.
    const ordered = (item: Json) => {
      const { outputsAsInputs, additionalSecretOutputs } = item;
      return {
        ...item,
        ...(outputsAsInputs ? { outputsAsInputs: [...(outputsAsInputs as string[])].sort() } : {}),
        ...(additionalSecretOutputs
          ? { additionalSecretOutputs: [...(additionalSecretOutputs as string[])].sort() }
          : {}),
      };
    };
    differences.push(...matcher.compare(ordered(expected), found && ordered(found), `state ${expected.resource}`));
  }
  if (golden.stackOutputs !== undefined) {
    differences.push(...matcher.compare(golden.stackOutputs, stackOutputs, "stackOutputs"));
  }
  return differences;
}
