import type { Suite } from "./engine.js";
import { type Golden, phaseOf } from "./golden.js";
import type { Observed } from "./observe.js";
import type { Matcher } from "./template.js";

type Json = Record<string, unknown>;
type State = Awaited<ReturnType<Suite["state"]>>;

export interface Options {
  /** A preview changes nothing and may be left out. */
  preview: boolean;
  /** Only a part of the stage's resources is played: the engine's counts are not the record's. */
  targeted?: boolean;
  /** Played for the stages after it only. */
  unchecked?: boolean;
  args?: string[];
  config?: Record<string, string>;
  before?: () => Promise<unknown>;
}

/** Plays a stage against the stack that the stages before have left, and tells what differs from the record. */
export async function play(suite: Suite, golden: Golden, matcher: Matcher, options: Options): Promise<string[]> {
  await suite.stage(golden.stage, options.config);
  await options.before?.();
  const differences: string[] = [];
  for (const name of ["preview", "up", "refresh"] as const) {
    const expected = phaseOf(golden, name);
    if (!expected || (name === "preview" && !options.preview)) continue;
    const serial = name === "preview" || options.args?.includes("--parallel") ? [] : ["--parallel", "1"];
    const observed = await suite.operate(name, [...(options.args ?? []), ...serial]);
    if (options.unchecked) continue;
    const counts = options.targeted ? { resourceChanges: undefined } : {};
    differences.push(...comparePhase({ ...expected, ...counts }, { ...observed, ...counts }, matcher, name));
  }
  if (options.unchecked) return [];
  if (golden.up || golden.refresh) differences.push(...compareState(golden, await suite.state(), matcher));
  return differences;
}

function comparePhase(
  expected: Json,
  observed: Partial<Observed> & { commandsRun: string[] },
  matcher: Matcher,
  name: string,
) {
  const parts = (phase: Json) => ({
    exitCode: phase.exitCode,
    steps: byResource(phase.steps as Json[]),
    diagnostics: byResource(phase.diagnostics as Json[]),
    resourceChanges: phase.resourceChanges,
    commandsRun: [...((phase.commandsRun as string[] | undefined) ?? [])].sort(),
  });
  return matcher.compare(parts(expected), parts({ ...observed }), name);
}

/** Status lines that come only where the server takes its time. */
const FLEETING = ["Resource scheduled for deletion", "Resource is always ready"];

/**
 * Stable: the order of one resource's steps and messages is part of the record, but for what a command writes to two
 * streams, which may arrive in any order.
 */
function byResource(all: Json[]): Json[] {
  const items = all.filter(({ message }) => !FLEETING.includes(String(message)));
  const key = ({ resource = "", ephemeral, message }: Json) => `${resource} ${ephemeral ? `1 ${message}` : "2"}`;
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
