/** The two readers that matter: RKE reads cluster.yml by yaml.v2, Pulumi's engine reads Pulumi.yaml by yaml.v3. */
export type GoYaml = "v2" | "v3";

/** A plain scalar as Go reads it. Integers outside of 64 bits are floats or texts, as in Go. */
export type Resolved =
  | { kind: "null" }
  | { kind: "bool"; value: boolean }
  | { kind: "int"; value: bigint }
  | { kind: "float"; value: number }
  | { kind: "time" }
  | { kind: "text" };

const booleans = { v2: /^(y|yes|true|on|n|no|false|off)$/i, v3: /^(true|false)$/i };
const isTrue = /^(y|yes|true|on)$/i;
/** Go's tables list three spellings of each word: small, capitalized, capital letters. */
const isOneOfThreeSpellings = (text: string) =>
  text === text.toLowerCase() || text === text.toUpperCase() || text === capitalized(text);
const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

const decimalFloat = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const dottedFloat = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;
const date = /^(\d{4})-(\d{1,2})-(\d{1,2})([Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})([.,]\d+)?(Z|[-+]\d{2}:\d{2})?)?$/;
const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const uint64Most = 2n ** 64n - 1n;

/** The value that Go's library reads from a plain scalar without a tag (resolve.go of gopkg.in/yaml.v2 v2.4.0, gopkg.in/yaml.v3 v3.0.1). */
export function resolvePlain(text: string, library: GoYaml): Resolved {
  if (text === "" || text === "~" || (/^null$/i.test(text) && isOneOfThreeSpellings(text))) {
    return { kind: "null" };
  }
  if (booleans[library].test(text) && isOneOfThreeSpellings(text)) {
    return { kind: "bool", value: isTrue.test(text) };
  }
  const special = specialFloat(text);
  if (special !== undefined) {
    return { kind: "float", value: special };
  }
  if (text.startsWith(".")) {
    return dottedFloat.test(text) ? { kind: "float", value: Number(text) } : { kind: "text" };
  }
  return /^[-+0-9]/.test(text) ? resolveNumber(text) : { kind: "text" };
}

function specialFloat(text: string): number | undefined {
  const [, sign, word] = /^([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)$/.exec(text) ?? [];
  if (word === undefined || (sign !== "" && /^n/i.test(word))) {
    return undefined;
  }
  return /^n/i.test(word) ? Number.NaN : sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function resolveNumber(text: string): Resolved {
  if (isDate(text)) {
    return { kind: "time" };
  }
  const plain = text.replaceAll("_", "");
  const value = integer(plain);
  if (value !== undefined && value >= int64.least && value <= (/^[-+]/.test(plain) ? int64.most : uint64Most)) {
    return { kind: "int", value };
  }
  return decimalFloat.test(plain) ? { kind: "float", value: Number(plain) } : { kind: "text" };
}

/** Go's ParseInt with base 0: 0x, 0o and 0b by prefix, octal by a leading zero. Undefined if it is none. */
function integer(text: string): bigint | undefined {
  const [, sign, digits = ""] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const magnitude = /^0[0-7]+$/.test(digits)
    ? BigInt(`0o${digits}`)
    : /^(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.test(digits)
      ? BigInt(digits.toLowerCase())
      : undefined;
  return magnitude === undefined ? undefined : sign === "-" ? -magnitude : magnitude;
}

/** Go's formats: a day, a day and a time of day, or RFC 3339 with an offset; fields are checked, the offset only with T. */
function isDate(text: string): boolean {
  const found = date.exec(text);
  if (!found) {
    return false;
  }
  const [, year, month, day, time = "", hour, minute, second, , offset] = found.map((part) => part ?? undefined);
  if (time !== "" && /^[Tt]/.test(time) !== (offset !== undefined)) {
    return false;
  }
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isDay = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
  return isDay && (time === "" || (Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60));
}

/** Unquoted texts that readers other than Go's take for another type: YAML 1.1's base 60 and dates, 1.2's octals, merge keys. */
const otherwiseTaken = [
  /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/,
  /^\d{4}-\d{1,2}-\d{1,2}([Tt \t]|$)/,
  /^[-+]?(0o[0-7]+|0[0-7_]+|0b[01_]+|0x[0-9a-fA-F_]+)$/,
  /^[-+]?(\d[\d_]*)?(\.[\d_]*)?([eE][-+]?\d+)?$/,
  /^(<<|=|\.inf|\.nan|null|true|false|yes|no|on|off|y|n)$/i,
];

/** True if a reader of YAML 1.1 or 1.2, in Go or elsewhere, would read the unquoted text as another type or another text. */
export function needsQuotes(text: string): boolean {
  return (
    otherwiseTaken.some((pattern) => pattern.test(text)) ||
    resolvePlain(text, "v2").kind !== "text" ||
    resolvePlain(text, "v3").kind !== "text" ||
    /[\u0085\u2028\u2029\ufeff]/.test(text) ||
    // a block of lines loses spaces that stand alone in a line
    /^[ \t]|(^|\n)[ \t]+(\n|$)/.test(text)
  );
}
