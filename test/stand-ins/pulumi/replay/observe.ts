/** An engine's event log and exported state, in the form of the golden records. Pure. */

const KIND = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const STACK = "pulumi:pulumi:Stack";

type Json = Record<string, unknown>;

interface Metadata {
  op: string;
  urn: string;
  type: string;
  diffs?: string[] | null;
  keys?: string[] | null;
  detailedDiff?: Record<string, { diffKind: string; inputDiff?: boolean }> | null;
  old?: { id?: string } | null;
  new?: { id?: string; inputs?: Json | null; outputs?: Json | null } | null;
}

export interface Step extends Json {
  op: string;
  resource: string;
  result: string;
}

export interface Observed {
  exitCode: number;
  steps: Step[];
  diagnostics: Json[];
  resourceChanges?: Json;
}

export function short(urn: string): string {
  const parts = urn.split("::");
  return parts.length > 3 ? `${(parts[2] ?? "").split("$").pop()}::${parts.slice(3).join("::")}` : urn;
}

/** Secrets, assets and archives by name; what the engine keeps for itself is left out. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return clean(value);
  const map = value as Json;
  const rest = () => {
    const kept = Object.entries(map).filter(
      ([key]) => key !== KIND && key !== "__meta" && key !== "__pulumi_raw_state_delta",
    );
    return Object.fromEntries(kept.map(([key, item]) => [key, key === "managedFields" ? managers(item) : plain(item)]));
  };
  if (map[KIND] === SECRET) {
    return { $secret: typeof map.plaintext === "string" ? plain(JSON.parse(map.plaintext)) : "<hidden>" };
  }
  if (map[KIND] === ASSET) return { $asset: rest() };
  if (map[KIND] === ARCHIVE) return { $archive: rest() };
  return rest();
}

function managers(fields: unknown): unknown {
  if (!Array.isArray(fields)) return fields;
  // The recorder had labels in place of managers' random names when it sorted.
  const key = (text: string) => text.replace(/^pulumi-kubernetes-[0-9a-f]{8}/, "<");
  const names = [...new Set(fields.map(({ manager, operation }) => `${manager}/${operation}`))];
  return names.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function clean(value: unknown): unknown {
  if (typeof value !== "string") return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the terminal
  return value.replace(/\x1b\[[0-9;]*m/g, "").replace(/<\{%[^%]*%\}>/g, "");
}

export function observe(eventLog: string, exitCode: number, preview: boolean, withProviders: boolean): Observed {
  const steps = new Map<string, { step: Step; metadata: Metadata }>();
  const observed: Observed = { exitCode, steps: [], diagnostics: [] };
  for (const line of eventLog.split("\n").filter((text) => text.trim() !== "")) {
    const event = JSON.parse(line);
    for (const [name, result] of [
      ["resourcePreEvent", "started"],
      ["resOutputsEvent", "done"],
      ["resOpFailedEvent", "failed"],
    ] as const) {
      const metadata: Metadata | undefined = event[name]?.metadata;
      if (!metadata || metadata.type === STACK) continue;
      const step: Step = { op: metadata.op, resource: short(metadata.urn), result };
      if (result === "failed") step.status = event[name].status;
      steps.set(`${metadata.urn} ${metadata.op}`, { step, metadata });
    }
    if (event.diagnosticEvent) observed.diagnostics.push(...diagnostic(event.diagnosticEvent));
    if (event.summaryEvent) observed.resourceChanges = event.summaryEvent.resourceChanges;
  }
  for (const { step, metadata } of steps.values()) {
    if (step.op === "same" && step.result !== "failed") continue;
    if (!withProviders && metadata.type.startsWith("pulumi:providers:")) continue;
    if (isDefaultProvider(metadata.urn)) continue;
    observed.steps.push(describe(step, metadata, preview));
  }
  return observed;
}

export function isDefaultProvider(urn: string): boolean {
  return /^pulumi:providers:\w+::default/.test(short(urn));
}

function describe(step: Step, metadata: Metadata, preview: boolean): Step {
  const { old, new: now } = metadata;
  const [diffs, keys, detailedDiff] = [metadata.diffs ?? [], metadata.keys ?? [], metadata.detailedDiff ?? {}];
  if (diffs.length > 0) step.diffKeys = [...diffs].sort();
  if (keys.length > 0) step.replaceKeys = [...keys].sort();
  const detailed = Object.entries(detailedDiff).map(([path, { diffKind, inputDiff }]) => [
    path,
    inputDiff ? `${diffKind} (input)` : diffKind,
  ]);
  if (detailed.length > 0) step.detailedDiff = Object.fromEntries(detailed);
  if (now) {
    step.id = now.id ?? "";
    if (preview && step.op !== "replace") {
      const inputs = plain(now.inputs ?? {}) as Json;
      const beyond = Object.entries(plain(now.outputs ?? {}) as Json).filter(
        ([key, value]) => !(key in inputs) || (!same(inputs[key], value) && !same(value, { $secret: "<hidden>" })),
      );
      if (beyond.length > 0) step.outputsBeyondInputs = Object.fromEntries(beyond);
    }
  }
  if (old) step.oldId = old.id ?? "";
  return step;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** Lines about where plugins were found, those in which stand-ins name themselves, and those of a later Node about the same program. */
const NOT_OF_PLUGINS =
  / from \$PATH at |^stand-in: pulumi-|PromiseRejectionHandledWarning|^\(Use `node --trace-warnings/;

function diagnostic(event: { severity: string; message: string; urn?: string; ephemeral?: boolean }): Json[] {
  const message = String(clean(event.message)).trimEnd();
  if (event.severity === "debug" || message === "" || NOT_OF_PLUGINS.test(message)) return [];
  return [
    {
      severity: event.severity,
      ...(event.ephemeral ? { ephemeral: true } : {}),
      ...(event.urn ? { resource: short(event.urn) } : {}),
      message: message.replace(/\n {4}at [\s\S]*$/, "\n    <stack trace>"),
    },
  ];
}

interface ExportedResource extends Json {
  urn: string;
  type: string;
  id?: string;
  inputs?: Json;
  outputs?: Json;
}

/** The resources of an exported stack, and its outputs. */
export function observeState(deployment: { resources?: ExportedResource[] }, withProviders: boolean) {
  const resources: Json[] = [];
  let stackOutputs: unknown = {};
  for (const resource of deployment.resources ?? []) {
    if (resource.type === STACK) {
      stackOutputs = plain((resource.outputs as Json | undefined)?.outputs ?? {});
      continue;
    }
    if (isDefaultProvider(resource.urn)) continue;
    if (!withProviders && resource.type.startsWith("pulumi:providers:")) continue;
    resources.push(exported(resource));
  }
  return { resources, stackOutputs };
}

function exported(resource: ExportedResource): Json {
  const kept: Json = { resource: short(resource.urn), id: resource.id };
  for (const key of ["additionalSecretOutputs", "delete", "retainOnDelete", "ignoreChanges", "initErrors"]) {
    if (resource[key]) kept[key] = resource[key];
  }
  const dependencies = Object.entries((resource.propertyDependencies ?? {}) as Record<string, string[] | null>)
    .filter(([, urns]) => urns && urns.length > 0)
    .map(([key, urns]) => [key, (urns ?? []).map(short)]);
  if (dependencies.length > 0) kept.propertyDependencies = Object.fromEntries(dependencies);
  const inputs = plain(resource.inputs ?? {}) as Json;
  const outputs = plain(resource.outputs ?? {}) as Json;
  const asInputs = Object.keys(outputs).filter((key) => key in inputs && same(inputs[key], outputs[key]));
  kept.inputs = inputs;
  kept.outputs = Object.fromEntries(Object.entries(outputs).filter(([key]) => !asInputs.includes(key)));
  if (asInputs.length > 0) kept.outputsAsInputs = asInputs.sort();
  return kept;
}
