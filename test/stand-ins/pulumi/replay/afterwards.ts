/**
 * Collects what a stage has left in the world, in the form of the records' `observed`: files on the hosts, objects in the API
 * server, and what openssl says of certificates.
 */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { ApiServer } from "./api-server.js";
import type { World } from "./world.js";

const run = promisify(execFile);

type Json = Record<string, unknown>;

const onBoth = async (world: World, script: string): Promise<Json> => {
  const [A, B] = await Promise.all([world.onHost("A", script), world.onHost("B", script)]);
  const lines = (text: string) => text.split("\n").filter((line) => line !== "");
  return { A: lines(A), B: lines(B) };
};

/** Each file with mode, owner and first line, and two folders with mode and owner. */
export function copies(world: World): Promise<Json> {
  const each = `echo "$(stat -c '%a %U:%G' "$f") $f $(head -1 "$f")"`;
  const files = `find . -type f | LC_ALL=C sort | while read -r f; do ${each}; done`;
  return onBoth(world, `cd /run/rec && ${files}; stat -c '%a %U:%G %n' p1 p1/deep 2>/dev/null || true`);
}

/** The first line of the one file that the suite copies. */
export function oneCopy(world: World): Promise<Json> {
  return onBoth(world, "head -1 /run/rec2/t.txt 2>/dev/null || true");
}

interface KubeObject {
  kind: string;
  metadata: {
    name: string;
    labels?: Json;
    annotations?: Json;
    managedFields?: { manager: string; operation: string }[];
  };
  data?: Json;
  spec?: { taints?: { effect: string; key: string }[] };
}

/** ConfigMaps and Nodes without what the server made of itself. */
export async function objects(server: ApiServer): Promise<Json> {
  const found: Json = {};
  for (const [kind, path] of [
    ["ConfigMap", "/api/v1/namespaces/default/configmaps"],
    ["Node", "/api/v1/nodes"],
  ] as const) {
    const { items } = JSON.parse((await server.call("GET", path)).stdout) as { items: KubeObject[] };
    for (const { metadata, data, spec } of items) {
      if (metadata.name === "kube-root-ca.crt") continue;
      const managers = (metadata.managedFields ?? []).map(
        ({ manager, operation }) => `${random(manager)}/${operation}`,
      );
      found[`${kind}/${random(metadata.name)}`] = {
        labels: metadata.labels ?? null,
        annotations: metadata.annotations ?? null,
        data: data ?? null,
        ...(kind === "Node" ? { taints: spec?.taints ?? null } : {}),
        managers: [...new Set(managers)].sort(),
      };
    }
  }
  return found;
}

function random(name: string): string {
  return name.replace(/(?<=-)[0-9a-f]{8}$/, "<hex8>");
}

/** The output of openssl about the named certificates and requests of a state, and whether it accepts the suite's chains. */
export async function certificates(resources: Json[], names: string[], dir: string): Promise<Json> {
  const read: Json = {};
  const certificateOf = new Map<string, string>();
  for (const { resource, outputs } of resources as { resource: string; outputs: Record<string, string> }[]) {
    const [type = "", name = ""] = resource.split("::").slice(-2);
    if (!names.includes(name)) continue;
    if (type.endsWith("CertRequest")) read[name] = await openssl("req", outputs.certRequestPem ?? "");
    if (outputs.certPem === undefined) continue;
    const digits = new X509Certificate(outputs.certPem).serialNumber.length;
    const serialHexDigits = digits >= 29 && digits <= 32 ? "30..32 (128 bit random)" : digits;
    read[name] = { ...(await openssl("x509", outputs.certPem)), serialHexDigits };
    certificateOf.set(name, outputs.certPem);
  }
  for (const [authority, leaf] of [
    ["ca", "leaf"],
    ["caIds", "leafIds"],
    ["cCa", "cLeaf"],
  ] as const) {
    const [above, below] = [certificateOf.get(authority), certificateOf.get(leaf)];
    if (above === undefined || below === undefined) continue;
    const [trusted, checked] = [`${dir}/a.pem`, `${dir}/b.pem`];
    await Promise.all([writeFile(trusted, above), writeFile(checked, below)]);
    const verify = (...flags: string[]) =>
      run("openssl", ["verify", ...flags, "-CAfile", trusted, checked]).then(
        () => 0,
        (error: { code: number }) => error.code,
      );
    read[`verify ${leaf} by ${authority}`] = (await verify("-x509_strict")) === 0 ? "ok (strict)" : "refused";
    read[`verify plain ${leaf} by ${authority}`] = await verify();
  }
  return read;
}

const FIELDS = ["Version", "Signature Algorithm", "Issuer", "Subject", "Public Key Algorithm"];

async function openssl(kind: "x509" | "req", pem: string): Promise<Json> {
  const child = run("openssl", [kind, "-noout", "-text"]);
  child.child.stdin?.end(pem);
  const lines = (await child).stdout.split("\n");
  const said: Json = {};
  const extensions: Json = {};
  lines.forEach((line, i) => {
    const text = line.trim();
    for (const field of FIELDS) if (text.startsWith(`${field}:`)) said[field] ??= text.slice(field.length + 1).trim();
    if (/^X509v3 (?!extensions:)/.test(text))
      extensions[text.replace(/[: ]+$/, "")] = keyId((lines[i + 1] ?? "").trim());
  });
  return {
    ...said,
    ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
    pemEndsWithNewline: pem.endsWith("\n"),
    pemHeader: pem.split("\n")[0],
    pemLineLength: pem.split("\n")[1]?.length,
  };
}

/** Older versions of openssl write a word before it. */
function keyId(text: string): string {
  return text.replace(/^keyid:/, "");
}
