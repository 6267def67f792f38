import type { Checked, Diff, Failure } from "../serve/provider.js";
import { equal, isMap, UNKNOWN, type Value, type ValueMap } from "../serve/wire.js";
import { ALGORITHMS, CURVES } from "./keys.js";
import { EXTENDED_KEY_USAGES, KEY_USAGES } from "./uses.js";

/** The properties of each resource type. Pure: no key is made and no clock is read here. */
export interface Shape {
  required: string[];
  optional: string[];
  /** Values of optional inputs that were left out; the state shows them as outputs. */
  defaults: ValueMap;
  computed: string[];
  /** A replacement makes the computed outputs part of the diff. */
  computedInDiff: boolean;
}

const NAMES = ["subject", "dnsNames", "ipAddresses", "uris"];
const VALIDITY = ["validityStartTime", "validityEndTime"];

export const SHAPES = {
  privateKey: {
    required: ["algorithm"],
    optional: ["rsaBits", "ecdsaCurve"],
    defaults: { rsaBits: 2048, ecdsaCurve: "P224" },
    computed: [
      "id",
      "privateKeyOpenssh",
      "privateKeyPem",
      "privateKeyPemPkcs8",
      "publicKeyFingerprintMd5",
      "publicKeyFingerprintSha256",
      "publicKeyOpenssh",
      "publicKeyPem",
    ],
    computedInDiff: true,
  },
  selfSignedCert: {
    required: ["privateKeyPem", "validityPeriodHours", "allowedUses"],
    optional: [
      ...NAMES,
      "earlyRenewalHours",
      "isCaCertificate",
      "maxPathLength",
      "setAuthorityKeyId",
      "setSubjectKeyId",
    ],
    defaults: { earlyRenewalHours: 0, isCaCertificate: false, setAuthorityKeyId: false, setSubjectKeyId: false },
    computed: ["id", "certPem", "keyAlgorithm", "maxPathLength", ...VALIDITY],
    computedInDiff: false,
  },
  certRequest: {
    required: ["privateKeyPem"],
    optional: NAMES,
    defaults: {},
    computed: ["id", "certRequestPem", "keyAlgorithm"],
    computedInDiff: false,
  },
  locallySignedCert: {
    required: ["caCertPem", "caPrivateKeyPem", "certRequestPem", "validityPeriodHours", "allowedUses"],
    optional: ["earlyRenewalHours", "isCaCertificate", "maxPathLength", "setSubjectKeyId"],
    defaults: { earlyRenewalHours: 0, isCaCertificate: false, setSubjectKeyId: false },
    computed: ["id", "caKeyAlgorithm", "certPem", "maxPathLength", ...VALIDITY],
    computedInDiff: false,
  },
} satisfies Record<string, Shape>;

const SUBJECT_KEYS = new Set(
  "commonName country locality organization organizationalUnit postalCode province serialNumber streetAddresses".split(
    " ",
  ),
);

const CHOICES: Record<string, readonly string[]> = {
  algorithm: ALGORITHMS,
  ecdsaCurve: CURVES,
  allowedUses: [...Object.keys(KEY_USAGES), ...Object.keys(EXTENDED_KEY_USAGES)],
};

export function checkShape(shape: Shape, name: string, inputs: ValueMap): Checked {
  const failures: Failure[] = [];
  const fail = (property: string, reason: string) => failures.push({ property, reason });
  const known = [...shape.required, ...shape.optional];
  for (const key of Object.keys(inputs)) {
    if (!known.includes(key) && !key.startsWith("__")) fail(key, "not implemented by this stand-in");
  }
  for (const key of shape.required) if (inputs[key] === undefined) fail("", missing(name, key));
  for (const [key, choices] of Object.entries(CHOICES)) {
    for (const value of [inputs[key] ?? []].flat()) {
      if (value === UNKNOWN || choices.includes(String(value))) continue;
      fail("", outside(name, key, choices, value));
    }
  }
  const { subject } = inputs;
  if (isMap(subject)) {
    for (const key of Object.keys(subject)) {
      if (!SUBJECT_KEYS.has(key)) fail(`subject.${key}`, "not implemented by this stand-in");
    }
  }
  return { inputs, failures };
}

function outside(name: string, key: string, choices: readonly string[], value: Value): string {
  const list = choices.map((choice) => JSON.stringify(choice)).join(" ");
  const rule = `Attribute ${snake(key)} value must be one of: [${list}], got: ${JSON.stringify(value)}`;
  return `Invalid Attribute Value Match. ${rule}. Examine values at '${name}.${key}'.`;
}

function missing(name: string, key: string): string {
  return `Missing required argument. The argument "${snake(key)}" is required. Examine values at '${name}.${key}'.`;
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Every changed input replaces, but for the one that only moves the date of the renewal. */
export function diffShape(shape: Shape, olds: ValueMap, news: ValueMap, renewalIsDue: boolean): Diff {
  const planned: ValueMap = { ...shape.defaults, ...news };
  const changed = [...shape.required, ...shape.optional].filter((key) => !equal(olds[key], planned[key]));
  const replaces = changed.filter((key) => key !== "earlyRenewalHours");
  if (renewalIsDue) replaces.push("readyForRenewal");
  const computed = shape.computedInDiff && replaces.length > 0 ? shape.computed : [];
  const diffs = [...new Set([...changed, ...replaces, ...computed])];
  return { changed: diffs.length > 0, diffs, replaces };
}

/** From when on a certificate wants to be renewed. */
export function isRenewalDue(
  validityEndTime: Value | undefined,
  earlyRenewalHours: Value | undefined,
  now: Date,
): boolean {
  if (typeof validityEndTime !== "string" || typeof earlyRenewalHours !== "number") return false;
  return now.getTime() >= Date.parse(validityEndTime) - earlyRenewalHours * 3_600_000;
}

/** The value of `readyForRenewal` before the certificate exists, if it is known. */
export function bornReady(inputs: ValueMap): Value {
  const { validityPeriodHours, earlyRenewalHours = 0 } = inputs;
  if (typeof validityPeriodHours !== "number" || typeof earlyRenewalHours !== "number") return UNKNOWN;
  return validityPeriodHours - earlyRenewalHours <= 0;
}

/** Outputs as far as they follow from the inputs; the rest is not known yet. */
export function predicted(shape: Shape, inputs: ValueMap): ValueMap {
  const unknown = Object.fromEntries(shape.computed.map((key) => [key, UNKNOWN]));
  return { ...unknown, ...shape.defaults, ...inputs };
}
