import { setTimeout as wait } from "node:timers/promises";
import type { Resource } from "../serve/provider.js";
import type { ValueMap } from "../serve/wire.js";
import { type Api, ApiError } from "./api.js";
import type { Kind } from "./kinds.js";
import { takeOver, wasCreatedByUs } from "./managers.js";
import { annotationsOf, metadataOf, nameOf } from "./object.js";

/** The writes of this provider, each with its choice of verb, field manager and force. */

const CREATOR = "pulumi-kubernetes";

const ALREADY_EXISTS = `

The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use \`pulumi import\`. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create.`;

const CONFLICT_HELP =
  "server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/" +
  "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help";

export interface Act {
  api: Api;
  kind: Kind;
  resource: Resource;
  fieldManager: string;
  preview: boolean;
  /** Take fields from other managers without asking. */
  force: boolean;
}

export async function createObject(act: Act, object: ValueMap): Promise<ValueMap> {
  const { api, kind, resource, fieldManager, preview } = act;
  // A missing namespace may be about to appear: the official provider tries again for that, and only for that.
  for (let attempt = 0; ; attempt++) {
    try {
      if (!kind.patch) return await api.create(kind, object, { fieldManager: CREATOR, dryRun: preview });
      const force = act.force || isForced(object) || preview;
      return await api.apply(kind, object, nameOf(object), { fieldManager, dryRun: preview, force });
    } catch (error) {
      const told = explain(error, fieldManager);
      resource.log("info", `Retry #${attempt}; creation failed: ${told.message}`, true);
      if (told instanceof ApiError && told.code === 404 && attempt < 5 && !preview) {
        await wait(1000 * 2 ** attempt);
        continue;
      }
      if (!(told instanceof ApiError) || told.code !== 409 || told.reason !== "AlreadyExists") throw told;
      throw new ApiError(`${told.message}${ALREADY_EXISTS}`, told.code, told.reason);
    }
  }
}

export async function updateObject(act: Act, object: ValueMap, oldName: string): Promise<ValueMap> {
  const { api, kind, fieldManager, preview } = act;
  let live = await api.read(kind, object, oldName);
  const managers = kind.patch || preview ? undefined : takeOver(live, fieldManager);
  if (managers) {
    live = await api.patch(kind, object, oldName, [
      { op: "replace", path: "/metadata/managedFields", value: managers },
      { op: "replace", path: "/metadata/resourceVersion", value: metadataOf(live).resourceVersion },
    ]);
  }
  const force = act.force || isForced(object) || (preview && wasCreatedByUs(live));
  try {
    return await api.apply(kind, object, oldName, { fieldManager, dryRun: preview, force });
  } catch (error) {
    throw explain(error, fieldManager);
  }
}

function isForced(object: ValueMap): boolean {
  return annotationsOf(object)["pulumi.com/patchForce"] === "true";
}

function explain(error: unknown, fieldManager: string): Error {
  if (!(error instanceof ApiError) || error.code !== 409 || error.reason !== "Conflict") return error as Error;
  const cause = `The resource managed by field manager "${fieldManager}" had an apply conflict: ${error.message}`;
  return new ApiError(`${CONFLICT_HELP}\n${cause}`, error.code, error.reason);
}

/** A patch gives its fields up; an object goes, and is waited for. */
export async function deleteObject(act: Act, object: ValueMap, timeoutSeconds: number): Promise<void> {
  const { api, kind, resource, fieldManager } = act;
  const name = nameOf(object);
  if (kind.patch) {
    const { namespace } = metadataOf(object);
    const identity = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace } };
    await api.apply(kind, identity, name, { fieldManager, force: false });
    return;
  }
  if (await isGone(() => api.delete(kind, object, name))) return;
  let told = false;
  const uid = metadataOf(object).uid;
  const deadline = Date.now() + (timeoutSeconds > 0 ? timeoutSeconds : 600) * 1000;
  for (;;) {
    let live: ValueMap = {};
    const gone = await isGone(async () => {
      live = await api.read(kind, object, name);
    });
    // Another object of that name is somebody else's.
    if (gone || (uid !== undefined && metadataOf(live).uid !== uid)) return;
    if (Date.now() > deadline) {
      const finalizers = metadataOf(live).finalizers;
      const list = Array.isArray(finalizers) ? finalizers.join(", ") : "none";
      resource.log("warning", `finalizers might be preventing deletion (${list})`);
      throw new Error("timed out waiting for the condition");
    }
    if (!told) resource.log("info", "Resource scheduled for deletion", true);
    told = true;
    await wait(200);
  }
}

async function isGone(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return true;
    throw error;
  }
}
