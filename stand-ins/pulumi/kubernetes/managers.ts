import { isPlainMap, type ValueMap } from "../serve/wire.js";

interface Entry extends ValueMap {
  manager: string;
  operation: string;
  fieldsV1: ValueMap;
}

/** Managers under which earlier client-side writes may stand, and whose fields the applying manager takes over. */
const OWN = ["pulumi-kubernetes/Update", "pulumi-resource-kubernetes/Update", "before-first-apply/Update"];
const KUBECTL = ["kubectl/Apply", "kubectl/Update"];

export function managedFieldsOf(object: ValueMap): Entry[] {
  const fields = (object.metadata as ValueMap | undefined)?.managedFields;
  return Array.isArray(fields) ? (fields as Entry[]) : [];
}

export function wasCreatedByUs(object: ValueMap): boolean {
  return managedFieldsOf(object).some((entry) => OWN.slice(0, 2).includes(`${entry.manager}/${entry.operation}`));
}

/** `managedFields` after `manager` has taken over; undefined: there is nothing to take. */
export function takeOver(object: ValueMap, manager: string): ValueMap[] | undefined {
  const entries = managedFieldsOf(object);
  const isTaken = (entry: Entry) => [...OWN, ...KUBECTL].includes(`${entry.manager}/${entry.operation}`);
  const taken = entries.filter(isTaken);
  if (taken.length === 0) return undefined;
  const isTaker = (entry: Entry) => entry.manager === manager && entry.operation === "Apply";
  const fields = [...entries.filter(isTaker), ...taken].map(({ fieldsV1 }) => fieldsV1).reduce(union);
  const template = entries.find(isTaker) ?? (taken[0] as Entry);
  const merged = { ...template, manager, operation: "Apply", fieldsV1: fields };
  return [...entries.filter((entry) => !isTaken(entry) && !isTaker(entry)), merged];
}

function union(a: ValueMap, b: ValueMap): ValueMap {
  const all: ValueMap = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const mine = all[key];
    all[key] = isPlainMap(mine) && isPlainMap(value) ? union(mine, value) : value;
  }
  return all;
}
