import { isPlainMap, isSecret, reveal, secret, type Value, type ValueMap } from "../serve/wire.js";

/** Set by the server, so never an input. */
const READ_ONLY = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

export const AUTONAMED = "pulumi.com/autonamed";

export function metadataOf(object: ValueMap): ValueMap {
  const { metadata } = object;
  return isPlainMap(metadata) ? metadata : {};
}

export function annotationsOf(object: ValueMap): ValueMap {
  const { annotations } = metadataOf(object);
  return isPlainMap(annotations) ? annotations : {};
}

export function nameOf(object: ValueMap): string {
  return String(metadataOf(object).name ?? "");
}

export function withMetadata(object: ValueMap, changes: ValueMap): ValueMap {
  return { ...object, metadata: { ...metadataOf(object), ...changes } };
}

export function withoutReadOnly(object: ValueMap): ValueMap {
  if (!isPlainMap(object.metadata)) return object;
  const entries = Object.entries(metadataOf(object)).filter(([key]) => !READ_ONLY.includes(key));
  return { ...object, metadata: Object.fromEntries(entries) };
}

/** The state of a resource: the inputs that were applied and the object as the server had it. */
export function parseState(state: ValueMap): { inputs: ValueMap; live: ValueMap } {
  const plain = reveal(state) as ValueMap;
  const inputs = plain.__inputs;
  const live = Object.fromEntries(Object.entries(plain).filter(([key]) => key !== "__inputs"));
  return { inputs: isPlainMap(inputs) ? inputs : {}, live };
}

/** The part of `live` whose shape is that of `inputs`: what others added is nobody's difference. */
export function prune(live: Value | undefined, inputs: Value | undefined): Value | undefined {
  if (isPlainMap(live) && isPlainMap(inputs)) {
    const kept = Object.keys(inputs).filter((key) => live[key] !== undefined);
    return Object.fromEntries(kept.map((key) => [key, prune(live[key], inputs[key])]));
  }
  if (Array.isArray(live) && Array.isArray(inputs)) {
    return live.map((item, i) => (i < inputs.length ? prune(item, inputs[i]) : item) ?? null);
  }
  return live;
}

/** Marks in `outs` as secret what the same keys of `ins` have as secret. */
export function withSecretsOf(outs: ValueMap, ins: ValueMap): ValueMap {
  const mark = ([key, out]: [string, Value | undefined]): [string, Value | undefined] => {
    const from = ins[key];
    if (out === undefined || from === undefined) return [key, out];
    if (isPlainMap(out) && isPlainMap(from)) return [key, withSecretsOf(out, from)];
    return [key, holdsSecret(from) ? secret(out) : out];
  };
  return Object.fromEntries(Object.entries(outs).map(mark));
}

function holdsSecret(value: Value | undefined): boolean {
  if (isSecret(value)) return true;
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isPlainMap(value) && Object.values(value).some(holdsSecret);
}

/** An object's outputs as the state keeps them. */
export function stateOf(live: ValueMap, inputs: ValueMap, marked: ValueMap, fieldManager: string): ValueMap {
  return {
    ...withSecretsOf(live, marked),
    __inputs: withSecretsOf(inputs, marked),
    __initialApiVersion: String(inputs.apiVersion ?? live.apiVersion ?? ""),
    __fieldManager: fieldManager,
  };
}

/** NAMESPACE/NAME, or NAME alone where there are no namespaces. */
export function idOf(object: ValueMap): string {
  const { namespace } = metadataOf(object);
  return namespace === undefined || namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}
