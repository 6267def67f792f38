import type { ValueMap } from "./wire.js";

/** The context of an operation: its resource, and the way to report about it. */
export interface Resource {
  urn: string;
  name: string;
  id: string;
  /** A message for the operator; an ephemeral one is a status line that doesn't stay in the summary. */
  log(severity: Severity, message: string, ephemeral?: boolean): void;
}

export type Severity = "debug" | "info" | "warning" | "error";

export interface Failure {
  property: string;
  reason: string;
}

export interface Checked {
  inputs: ValueMap;
  failures?: Failure[];
}

export type DiffKind = "add" | "delete" | "update";

export interface PropertyDiff {
  kind: DiffKind;
  replace?: boolean;
  /** The difference is between old and new inputs, not between old outputs and new inputs. */
  input?: boolean;
}

export interface Diff {
  changed: boolean;
  diffs?: string[];
  replaces?: string[];
  stables?: string[];
  detailed?: Record<string, PropertyDiff>;
  deleteBeforeReplace?: boolean;
}

export interface DiffRequest {
  /** Outputs in the state. */
  olds: ValueMap;
  /** Inputs in the state; absent when an old engine doesn't send them. */
  oldInputs: ValueMap;
  news: ValueMap;
  ignoreChanges: string[];
}

export interface CreateRequest {
  inputs: ValueMap;
  preview: boolean;
  timeoutSeconds: number;
}

export interface UpdateRequest extends CreateRequest {
  olds: ValueMap;
  oldInputs: ValueMap;
}

export interface ReadResult {
  id: string;
  outputs: ValueMap;
  inputs: ValueMap;
}

export interface ResourceType {
  check(resource: Resource, inputs: ValueMap, oldInputs: ValueMap, randomSeed: Uint8Array): Checked | Promise<Checked>;
  diff(resource: Resource, request: DiffRequest): Diff | Promise<Diff>;
  create(resource: Resource, request: CreateRequest): Promise<{ id: string; outputs: ValueMap }>;
  /** Without it an update is an error of the diff, which must have asked for a replacement. */
  update?(resource: Resource, request: UpdateRequest): Promise<ValueMap>;
  /** Without it what the state says is taken for the truth. An undefined result: the resource is gone. */
  read?(resource: Resource, state: ReadResult): Promise<ReadResult | undefined>;
  /** Without it there is nothing to do on the outside. */
  delete?(resource: Resource, outputs: ValueMap, timeoutSeconds: number): Promise<void>;
}

export interface Provider {
  /** Name of the executable that this stands in for. */
  executable: string;
  /** Version of the official plugin whose behaviour this reproduces. */
  version: string;
  types: Record<string, ResourceType>;
  functions?: Record<string, (args: ValueMap, log: Resource["log"]) => Promise<ValueMap>>;
  checkConfig?(inputs: ValueMap): Checked;
  diffConfig?(request: DiffRequest): Diff;
  configure?(args: ValueMap): void;
}

/** The resource exists now although its creation or update has failed; the state must know it. */
export class PartialFailure extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly outputs: ValueMap,
    readonly inputs: ValueMap,
    readonly reasons: string[],
  ) {
    super(message);
  }
}
