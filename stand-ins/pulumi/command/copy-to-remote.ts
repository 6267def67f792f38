import { randomBytes } from "node:crypto";
import type { Failure, Resource, ResourceType } from "../serve/provider.js";
import { isArchive, isAsset, isSecret, reveal, UNKNOWN, type Value, type ValueMap } from "../serve/wire.js";
import { checkConnection, connectionOf } from "./connection.js";
import { dial } from "./dial.js";
import { diffInputs } from "./diff.js";
import { checkInputs } from "./inputs.js";
import { copy, openSftp, type Source } from "./sftp.js";

const INPUTS = ["connection", "source", "remotePath", "triggers"];

/** A file, a folder or a text; archives in other forms aren't copied as they are. */
function checkSource(source: Value | undefined): Failure[] {
  if (source === undefined) return [{ property: "asset", reason: "either asset or archive must be set" }];
  if (source === UNKNOWN) return [];
  const has = (key: string) => typeof (source as ValueMap)[key] === "string" && (source as ValueMap)[key] !== "";
  if (isAsset(source) && !has("path") && (source.text === undefined || has("uri"))) {
    return [{ property: "asset", reason: "asset must be a path-based file asset or a text asset" }];
  }
  if (isArchive(source) && !has("path")) {
    return [{ property: "archive", reason: "archive must be a path to a file or directory" }];
  }
  return [];
}

function plainSource(inputs: ValueMap): ValueMap {
  const { source } = inputs;
  return (isSecret(source) ? reveal(source) : source) as ValueMap;
}

function sourceOf(inputs: ValueMap): Source {
  const { path, text } = plainSource(inputs);
  return typeof path === "string" && path !== "" ? { path } : { text: String(text ?? "") };
}

async function upload(resource: Resource, inputs: ValueMap): Promise<void> {
  const client = await dial(connectionOf(inputs), (line) => resource.log("info", line, true));
  try {
    await copy(await openSftp(client), sourceOf(inputs), String(reveal(inputs.remotePath)));
  } finally {
    client.end();
  }
}

export const CopyToRemote: ResourceType = {
  check(_resource, inputs) {
    const checked = checkConnection(inputs);
    const failures = [
      ...checkInputs(inputs, INPUTS, ["remotePath"]),
      ...checkSource(isSecret(inputs.source) ? reveal(inputs.source) : inputs.source),
      ...(checked.failures ?? []),
    ];
    return { inputs: checked.inputs, failures };
  },
  diff: (_resource, request) => diffInputs(request, ["triggers"]),
  async create(resource, { inputs, preview }) {
    if (preview) return { id: "", outputs: inputs };
    await upload(resource, inputs);
    return { id: randomBytes(4).toString("hex"), outputs: inputs };
  },
  // A changed connection alone copies nothing, as in the official provider.
  async update(resource, { inputs, olds, preview }) {
    const changed =
      plainSource(inputs).hash !== plainSource(olds).hash || reveal(inputs.remotePath) !== reveal(olds.remotePath);
    if (!preview && changed) await upload(resource, inputs);
    return inputs;
  },
};
