import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "./observe.js";

const FOLDER = join(__dirname, "../../../golden/plugins");

type Json = Record<string, unknown>;

export interface Phase {
  exitCode: number;
  steps: Step[];
  diagnostics: Json[];
  resourceChanges?: Json;
  commandsRun?: string[];
  timedOut?: boolean;
}

export interface Golden {
  file: string;
  suite: string;
  stage: string;
  order: number;
  about: string;
  preview?: Phase;
  up?: Phase;
  refresh?: Phase;
  state?: Json[];
  stateUnchanged?: string[];
  stateOmitted?: string[];
  stackOutputs?: unknown;
  observed?: Json;
}

/** A suite's records in the order in which they are played; what `left` names is left out of them. */
export function goldenSuite(suite: string, left: string[] = []): Golden[] {
  return readdirSync(FOLDER)
    .filter((file) => file.startsWith(`${suite}-`) && file.endsWith(".json"))
    .sort()
    .map((file) => {
      const golden = JSON.parse(readFileSync(join(FOLDER, file), "utf8"), (key, value) => {
        if (left.includes(key)) return undefined;
        if (key === "managedFields") return inAnyOrder(value);
        if (key === "additionalSecretOutputs") return withWriteOnly(value);
        return key === "outputsAsInputs" ? value.filter((name: string) => !left.includes(name)) : value;
      });
      return { ...golden, file: file.replace(/\.json$/, "") };
    });
}

/** From tls 5.6 on the SDK names, beside a certificate's private key, the write-only input of the same; 5.5.1 was recorded. */
function withWriteOnly(outputs: string[]): string[] {
  const [key, ...others] = outputs;
  return (key === "privateKeyPem" || key === "caPrivateKeyPem") && others.length === 0 ? [key, `${key}Wo`] : outputs;
}

/** The recorder listed several random managers by its own labels, which the server doesn't know: any may be any. */
function inAnyOrder(managers: string[]): string[] {
  const isRandom = (manager: string) => manager.startsWith("<fieldManager ");
  if (managers.filter(isRandom).length < 2) return managers;
  return managers.map((manager) => manager.replace(/#\d+>/, ">"));
}

/** A phase with what it left to the preview's steps written out. */
export function phaseOf(golden: Golden, name: "preview" | "up" | "refresh"): Phase | undefined {
  const phase = golden[name];
  if (!phase || name === "preview") return phase;
  const inPreview = (step: Step) =>
    golden.preview?.steps.find(({ op, resource }) => op === step.op && resource === step.resource);
  const steps = phase.steps.map((step) => {
    if (step.diff !== "<as in preview>") return step;
    const { diff: _, ...rest } = step;
    const source = inPreview(step);
    const all = {
      ...rest,
      diffKeys: source?.diffKeys,
      replaceKeys: source?.replaceKeys,
      detailedDiff: source?.detailedDiff,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Step;
  });
  return { ...phase, steps };
}
