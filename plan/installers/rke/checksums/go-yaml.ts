/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

/**
 * YAML as RKE writes it (sigs.k8s.io/yaml Marshal: the value becomes JSON, the JSON becomes YAML by gopkg.in/yaml.v2):
 * keys sorted, lists not indented below their key, text in quotes only if it would read as something else. RKE takes the
 * MD5 sum of this very text. Keys with the value undefined are left out.
 *
 * Undefined if the text can't be known for certain: yaml.v2 folds long lines and writes lines of text as blocks, which
 * isn't modelled.
 */
export function goYaml(value: Json): string | undefined {
  const lines = block(value);
  return lines.some((line) => line.includes(unknown) || line.length > foldedFrom) ? undefined : `${lines.join("\n")}\n`;
}

/** yaml.v2 breaks a line at a blank behind column 80. */
const foldedFrom = 80;

/** Stands in a line whose text isn't known. */
const unknown = "\n";

function block(value: Json): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? ["[]"] : value.flatMap((entry) => underDash(block(entry)));
  }
  if (typeof value !== "object" || value === null) {
    return [scalar(value)];
  }
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort(compareKeys);
  return keys.length === 0 ? ["{}"] : keys.flatMap((key) => underKey(scalar(key), value[key] ?? null));
}

const underDash = ([first = "", ...rest]: string[]): string[] => [`- ${first}`, ...rest.map((line) => `  ${line}`)];

function underKey(key: string, value: Json): string[] {
  const lines = block(value);
  if (typeof value !== "object" || value === null || ["[]", "{}"].includes(lines.join())) {
    return [`${key}: ${lines.join()}`];
  }
  return [`${key}:`, ...(Array.isArray(value) ? lines : lines.map((line) => `  ${line}`))];
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") {
    return typeof value === "number" && !Number.isSafeInteger(value) ? unknown : String(value);
  }
  if (/[^ -~]/.test(value)) {
    return unknown;
  }
  if (readsAsSomethingElse(value)) {
    return JSON.stringify(value);
  }
  return isPlain(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

/** Text that yaml.v2 reads as null, a truth value, a number or a date (its resolve.go, encode.go). */
const readsAsSomethingElse = (text: string): boolean =>
  [
    /^(|~|null|Null|NULL|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/,
    /^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$/,
    /^[-+]?(\.\d+|\d[\d_]*(\.[\d_]*)?)([eE][-+]?\d+)?$/,
    /^[-+]?0(b[01_]+|o[0-7_]+|x[\da-fA-F_]+)$/,
    /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/,
    /^\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?$/,
  ].some((pattern) => pattern.test(text));

/** Text that may stand without quotes in a block (yaml.v2 emitterc.go yaml_emitter_analyze_scalar). */
const isPlain = (text: string): boolean =>
  !/^[#,[\]{}&*!|>'"%@`]/.test(text) &&
  !/^[-?:]( |$)/.test(text) &&
  !/^(---|\.\.\.)/.test(text) &&
  !/: |:$| #|^ | $/.test(text);

/**
 * yaml.v2's order of keys (its sorter.go): by the first letter or sign that differs; letters behind other signs,
 * digits as the number that they begin.
 */
function compareKeys(a: string, b: string): number {
  const i = [...a].findIndex((letter, position) => letter !== b[position]);
  if (i < 0 || i >= b.length) {
    return a.length - b.length;
  }
  const [left = "", right = ""] = [a[i], b[i]];
  if (isLetter(left) !== isLetter(right)) {
    return isLetter(left) ? 1 : -1;
  }
  return (isLetter(left) ? 0 : numberOrder(a, b, i)) || (left < right ? -1 : 1);
}

const isLetter = (sign: string): boolean => /[A-Za-z]/.test(sign);

/** The order of the numbers that begin at a position; zeros count within a number only, not before it. */
function numberOrder(a: string, b: string, i: number): number {
  const before = /\d*$/.exec(a.slice(0, i))?.[0] ?? "";
  const head = (a[i] === "0" || b[i] === "0") && /[1-9]/.test(before) ? "1" : "0";
  const digits = (text: string) => /^\d*/.exec(text.slice(i))?.[0] ?? "";
  return Number(head + digits(a)) - Number(head + digits(b)) || digits(a).length - digits(b).length;
}
