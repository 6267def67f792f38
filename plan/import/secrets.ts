import { isMapping, type Mapping } from "../values/mapping";
import type { Path } from "./findings";
import type { Shape } from "./shape";

/** A secret of cluster.yml, and its place there. */
export interface Secret {
  path: Path;
  text: string;
}

export interface WithoutSecrets {
  value: unknown;
  secrets: Secret[];
}

/**
 * Takes out the secrets, because Pulumi.yaml is clear text in git: fields that RKE knows as secrets (rke-types.ts), and
 * in maps, environments and Kubernetes' own objects what has a secret's name or form.
 * @param instead what takes a secret's place; undefined: it goes, with its key or list item
 */
export function withoutSecrets(
  value: unknown,
  shape: Shape,
  instead: (path: Path) => string | undefined,
): WithoutSecrets {
  const secrets: Secret[] = [];
  const taken = (path: Path, text: string) => {
    secrets.push({ path, text });
    return instead(path);
  };
  return { value: walk(value, shape, [], undefined, taken), secrets };
}

type Take = (path: Path, text: string) => string | undefined;

/** @param name by which a text may be known for a secret; undefined where its field says that it is none */
function walk(value: unknown, shape: Shape, path: Path, name: string | undefined, take: Take): unknown {
  if (typeof value === "string") {
    const isSecret = (shape === "secret" && value !== "") || isSecretText(name, value);
    return isSecret ? take(path, value) : value;
  }
  if (Array.isArray(value)) {
    const item = typeof shape === "object" && "list" in shape ? shape.list : "json";
    return value.flatMap((v, i) => {
      const kept = walk(v, item, [...path, i], name, take);
      return kept === undefined ? [] : [kept];
    });
  }
  return isMapping(value) ? walkMapping(value, shape, path, take) : value;
}

/** Maps whose values are no secrets, even if a key has a secret's name. */
const plainMaps = ["labels", "node_selector", "stubdomains"];

function walkMapping(value: Mapping, shape: Shape, path: Path, take: Take): Mapping {
  const isPlain = plainMaps.includes(String(path.at(-1)));
  const isFree = shape === "json" || (typeof shape === "object" && "map" in shape);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) => {
      const own = ownShape(shape, key);
      const named = key === "value" && shape === "json" && typeof value.name === "string" ? value.name : key;
      const name = isFree && !isPlain ? named : undefined;
      const kept = walk(v, own, [...path, key], name, take);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}

function ownShape(shape: Shape, key: string): Shape {
  if (typeof shape === "object" && "keys" in shape) {
    return shape.keys[key] ?? "json";
  }
  return typeof shape === "object" && "map" in shape ? shape.map : "json";
}

function isSecretText(name: string | undefined, text: string): boolean {
  const [, variable, content] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  return (
    hasSecretForm(text) ||
    (name !== undefined && hasSecretName(name) && !isHarmless(text)) ||
    (variable !== undefined && content !== undefined && hasSecretName(variable) && !isHarmless(content))
  );
}

/** Private keys, passwords in URLs, manifests of Secrets. */
const hasSecretForm = (text: string): boolean =>
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) ||
  /:\/\/[^/\s:@]*:[^/\s@]+@/.test(text) ||
  /["']?kind["']?\s*:\s*["']?Secret["']?\s*($|[,}#])/m.test(text);

const secretWords =
  /^(pass|passwd|password|passphrase|pwd|secret|secrets|token|tokens|credential|credentials|apikey|accesskey|secretkey|privatekey|auth)$/;
const beforeKey = /^(api|access|secret|private|encryption|signing|shared|license|account|master)$/;
/** Last words of names whose values only describe a secret, such as token-file. */
const aboutSecrets =
  /^(file|path|dir|url|uri|endpoint|ttl|expiration|timeout|webhook|version|mode|enabled|duration|name|interval|seconds|days|type|audiences)$/;

/** True if the name of an argument, variable or key means a secret: DB_PASSWORD, apiToken, aws-secret-access-key. */
export function hasSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const last = words.at(-1) ?? "";
  const isKey = words.some((word, i) => /^keys?$/.test(word) && beforeKey.test(words[i - 1] ?? ""));
  return !aboutSecrets.test(last) && (isKey || words.some((word) => secretWords.test(word)));
}

/** A switch, a duration, or a path on the host. */
const isHarmless = (text: string): boolean =>
  text === "" ||
  /^(true|false|yes|no|on|off)$/i.test(text) ||
  /^(\d+(ns|us|ms|s|m|h))+$/.test(text) ||
  /^\/[^\s]*$/.test(text);
