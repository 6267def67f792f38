import { createHash, randomBytes } from "node:crypto";
import { type Failure, PartialFailure, type Resource, type ResourceType } from "../serve/provider.js";
import { hasUnknown, isPlainMap, reveal, revealMap, UNKNOWN, type ValueMap } from "../serve/wire.js";
import { Api, ApiError } from "./api.js";
import { type Act, createObject, deleteObject, updateObject } from "./cluster.js";
import { diffObject } from "./diff.js";
import { KINDS, type Kind, replacingPaths } from "./kinds.js";
import {
  AUTONAMED,
  annotationsOf,
  idOf,
  metadataOf,
  nameOf,
  parseState,
  prune,
  stateOf,
  withMetadata,
  withoutReadOnly,
  withSecretsOf,
} from "./object.js";
import type { Settings } from "./settings.js";

/** One configured provider: its settings and, once something asks for it, its cluster. */
export class Cluster {
  private connection: ReturnType<typeof Api.connect> | undefined;
  settings: Settings | undefined;

  configure(settings: Settings): void {
    this.settings = settings;
    this.connection = undefined;
  }

  connect(): ReturnType<typeof Api.connect> {
    if (!this.settings) throw new Error("the provider has not been configured");
    this.connection ??= Api.connect(this.settings);
    return this.connection;
  }
}

const DELETE_HINT =
  "you can remove this resource from Pulumi state by rerunning the operation with the " +
  'PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"';
const UNREACHABLE = "configured Kubernetes cluster is unreachable";
const FORGOTTEN =
  `${UNREACHABLE} and the \`deleteUnreachable\` option is enabled. ` +
  "Deleting the unreachable resource from Pulumi state";

export function typesOf(cluster: Cluster): Record<string, ResourceType> {
  return Object.fromEntries(Object.entries(KINDS).map(([token, kind]) => [token, typeOf(kind, cluster)]));
}

function typeOf(kind: Kind, cluster: Cluster): ResourceType {
  const actOf = (resource: Resource, api: Api, state: ValueMap, inputs: ValueMap, preview: boolean): Act => ({
    api,
    kind,
    resource,
    preview,
    fieldManager: fieldManagerOf(state, inputs),
    force: cluster.settings?.enablePatchForce === true,
  });

  return {
    async check(resource, inputs, oldInputs, seed) {
      const { unreachable, namespace } = await cluster.connect();
      if (unreachable && cluster.settings?.skipUpdateUnreachable) {
        const what = "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...";
        resource.log("warning", what);
        return { inputs: oldInputs };
      }
      const named = withName(kind, resource, revealMap(inputs), revealMap(oldInputs), seed);
      const place = kind.namespaced && !metadataOf(named).namespace ? { namespace } : {};
      const placed = withMetadata(withoutReadOnly(named), place);
      return { inputs: withSecretsOf(placed, inputs), failures: failuresOf(kind, inputs) };
    },

    diff(_resource, { olds, news, ignoreChanges }) {
      const { inputs: oldInputs, live: oldLive } = parseState(olds);
      const plain = revealMap(news);
      const mutable = cluster.settings?.enableConfigMapMutable === true;
      const replacing = replacingPaths(kind, plain, mutable);
      return diffObject({ oldInputs, oldLive, news: plain, namespaced: kind.namespaced, replacing, ignoreChanges });
    },

    async create(resource, { inputs, preview }) {
      const { api, unreachable } = await cluster.connect();
      if (unreachable && !preview) throw new Error(`${UNREACHABLE}: ${unreachable}`);
      const unpredictable = { id: "", outputs: inputs };
      if (preview && (unreachable || hasUnknown(inputs) || kind.patch)) return unpredictable;
      const object = revealMap(inputs);
      const act = actOf(resource, api, {}, object, preview);
      try {
        const live = await createObject(act, object);
        if (preview) delete live.status;
        return { id: preview ? "" : idOf(live), outputs: stateOf(live, object, inputs, act.fieldManager) };
      } catch (error) {
        if (preview && error instanceof ApiError) return unpredictable;
        const why = (error as Error).message;
        throw new Error(`resource "${resource.urn}" was not successfully created by the Kubernetes API server: ${why}`);
      }
    },

    async update(resource, { inputs, olds, preview }) {
      const { api, unreachable } = await cluster.connect();
      if (unreachable && !preview) throw new Error(`${UNREACHABLE}: ${unreachable}`);
      if (preview && (unreachable || hasUnknown(inputs))) return inputs;
      const object = withoutReadOnly(revealMap(inputs));
      const { live: oldLive } = parseState(olds);
      const act = actOf(resource, api, revealMap(olds), object, preview);
      try {
        const live = await updateObject(act, object, nameOf(oldLive));
        return stateOf(live, object, inputs, act.fieldManager);
      } catch (error) {
        if (preview && error instanceof ApiError && error.code === 403) return inputs;
        const live = await api.read(kind, oldLive, nameOf(oldLive));
        const what = `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live`;
        const message = `${what}: ${(error as Error).message}`;
        throw new PartialFailure(message, idOf(live), stateOf(live, object, inputs, act.fieldManager), {}, [message]);
      }
    },

    async read(resource, state) {
      const { api, unreachable } = await cluster.connect();
      if (unreachable) {
        resource.log("warning", `${UNREACHABLE}: ${unreachable}`);
        if (cluster.settings?.deleteUnreachable) {
          resource.log("info", FORGOTTEN);
          return undefined;
        }
        if (cluster.settings?.skipUpdateUnreachable) return state;
        const what = "failed to read resource state due to unreachable cluster";
        throw new Error(`${what}. If the cluster was deleted, ${DELETE_HINT}`);
      }
      const oldInputs = withoutReadOnly(revealMap(state.inputs));
      if (!isPlainMap(oldInputs.metadata)) throw new Error("import is not implemented by this stand-in");
      try {
        const live = await api.read(kind, oldInputs, nameOf(oldInputs));
        const inputs = prune(live, oldInputs) as ValueMap;
        const fieldManager = fieldManagerOf(revealMap(state.outputs), oldInputs);
        const outputs = stateOf(live, inputs, state.inputs, fieldManager);
        return { id: state.id, outputs, inputs: withSecretsOf(inputs, state.inputs) };
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return undefined;
        throw error;
      }
    },

    async delete(resource, outputs, timeoutSeconds) {
      const { api, unreachable } = await cluster.connect();
      if (unreachable) {
        resource.log("warning", `${UNREACHABLE}: ${unreachable}`);
        if (cluster.settings?.deleteUnreachable) {
          resource.log("info", FORGOTTEN);
          return;
        }
        throw new Error(`${UNREACHABLE}. If the cluster was deleted, ${DELETE_HINT}`);
      }
      const { inputs, live } = parseState(outputs);
      await deleteObject(actOf(resource, api, revealMap(outputs), inputs, false), live, timeoutSeconds);
    },
  };
}

/** The name given, else the name drawn before, else one drawn from the engine's seed. */
function withName(kind: Kind, { name }: Resource, inputs: ValueMap, oldInputs: ValueMap, seed: Uint8Array): ValueMap {
  const typed = { ...inputs, apiVersion: inputs.apiVersion ?? kind.apiVersion, kind: kind.kind };
  if (metadataOf(inputs).name !== undefined || kind.patch) return typed;
  const drawn = annotationsOf(oldInputs)[AUTONAMED] === "true" ? nameOf(oldInputs) : `${name}-${hex8(seed)}`;
  const annotations = { ...annotationsOf(inputs), [AUTONAMED]: "true" };
  return withMetadata(typed, { name: drawn, annotations });
}

function hex8(seed: Uint8Array): string {
  if (seed.length === 0) return randomBytes(4).toString("hex");
  return createHash("sha256").update(seed).digest("hex").slice(0, 8);
}

function failuresOf(kind: Kind, inputs: ValueMap): Failure[] {
  const failures: Failure[] = [];
  const known = ["apiVersion", "kind", "metadata", ...kind.inputs];
  for (const key of Object.keys(inputs)) {
    if (!known.includes(key)) failures.push({ property: key, reason: "not implemented by this stand-in" });
  }
  const metadata = reveal(inputs.metadata);
  const { name, generateName } = isPlainMap(metadata) ? metadata : {};
  if (kind.patch && name === undefined && metadata !== UNKNOWN) {
    failures.push({
      property: "metadata.name",
      reason: "patch resources require the `.metadata.name` field to be set",
    });
  }
  if (generateName !== undefined) {
    const reason = "the `.metadata.generateName` field is not supported in Server-Side Apply mode";
    failures.push({ property: "metadata.generateName", reason });
  }
  return failures;
}

function fieldManagerOf(state: ValueMap, inputs: ValueMap): string {
  const chosen = annotationsOf(inputs)["pulumi.com/patchFieldManager"] ?? state.__fieldManager;
  return typeof chosen === "string" ? chosen : `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
}
