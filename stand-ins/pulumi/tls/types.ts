import { createHash, createPublicKey } from "node:crypto";
import type { ResourceType } from "../serve/provider.js";
import { hasUnknown, reveal, revealMap, secret, type Value, type ValueMap } from "../serve/wire.js";
import {
  type Issued,
  locallySigned,
  type Names,
  publicKeyOf,
  request,
  type Subject,
  selfSigned,
  type Terms,
} from "./certificates.js";
import { algorithmOf, describeKey, generate, type KeyAlgorithm, parsePrivateKey, signingPair } from "./keys.js";
import { bornReady, checkShape, diffShape, isRenewalDue, predicted, SHAPES, type Shape } from "./shape.js";

/** The official provider tells such an error twice: as a message of its own and as the operation's. */
class Refused extends Error {
  constructor(
    readonly summary: string,
    readonly detail: string,
  ) {
    super(`${summary}: ${detail}`);
  }
}

/** The common part of all four types; `make` gets the inputs without marks and gives the computed outputs. */
function typeOf(shape: Shape, make: (inputs: ValueMap) => Promise<ValueMap>): ResourceType {
  const renews = shape.defaults.earlyRenewalHours !== undefined;
  const ready = (inputs: ValueMap): ValueMap => (renews ? { readyForRenewal: bornReady(revealMap(inputs)) } : {});
  const due = (end: Value | undefined, early: Value | undefined) =>
    renews && isRenewalDue(reveal(end), reveal(early) ?? 0, new Date());
  return {
    check: ({ name }, inputs) => ({ inputs, failures: checkShape(shape, name, revealMap(inputs)).failures ?? [] }),
    diff: (_resource, { olds, news }) =>
      diffShape(shape, revealMap(olds), revealMap(news), due(olds.validityEndTime, news.earlyRenewalHours)),
    create: async (resource, { inputs, preview }) => {
      if (preview || hasUnknown(inputs)) return { id: "", outputs: { ...predicted(shape, inputs), ...ready(inputs) } };
      const computed = await make({ ...shape.defaults, ...revealMap(inputs) }).catch((error) => {
        if (error instanceof Refused) resource.log("error", `[ERROR] ${error.detail}: ${error.summary}`);
        throw error;
      });
      const outputs = { ...shape.defaults, ...inputs, ...computed, ...ready(inputs) };
      return { id: String(computed.id), outputs };
    },
    // Only earlyRenewalHours gets here, and nothing but the date of the renewal follows from it.
    update: async (_resource, { olds, inputs }) => ({ ...olds, ...shape.defaults, ...inputs }),
    read: async (_resource, state) => {
      const { outputs } = state;
      if (!due(outputs.validityEndTime, outputs.earlyRenewalHours)) return state;
      return { ...state, outputs: { ...outputs, readyForRenewal: true } };
    },
  };
}

function terms(inputs: ValueMap): Terms {
  const { maxPathLength } = inputs;
  return {
    validityPeriodHours: Number(inputs.validityPeriodHours),
    allowedUses: (inputs.allowedUses ?? []) as string[],
    isCaCertificate: inputs.isCaCertificate === true,
    setSubjectKeyId: inputs.setSubjectKeyId === true,
    ...(typeof maxPathLength === "number" ? { maxPathLength } : {}),
  };
}

function issuedOutputs({ pem, serial, notBefore, notAfter }: Issued): ValueMap {
  const time = (date: Date) => date.toISOString().replace(/\.\d+Z$/, "Z");
  return { id: serial, certPem: pem, validityStartTime: time(notBefore), validityEndTime: time(notAfter) };
}

async function makePrivateKey(inputs: ValueMap): Promise<ValueMap> {
  const { algorithm, rsaBits, ecdsaCurve } = inputs;
  const key = await generate(algorithm as KeyAlgorithm, Number(rsaBits), String(ecdsaCurve));
  const entries = Object.entries(describeKey(key));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, name.startsWith("privateKey") ? secret(value) : value]),
  );
}

async function makeSelfSigned(inputs: ValueMap): Promise<ValueMap> {
  const key = parsePrivateKey(String(inputs.privateKeyPem), "privateKeyPem");
  const setAuthorityKeyId = inputs.setAuthorityKeyId === true;
  const subject = (inputs.subject ?? {}) as Subject;
  const issued = await selfSigned(await signingPair(key), subject, inputs as Names, {
    ...terms(inputs),
    setAuthorityKeyId,
  });
  return { ...issuedOutputs(issued), keyAlgorithm: algorithmOf(key) };
}

async function makeRequest(inputs: ValueMap): Promise<ValueMap> {
  const key = parsePrivateKey(String(inputs.privateKeyPem), "privateKeyPem");
  const certRequestPem = await request(await signingPair(key), (inputs.subject ?? {}) as Subject, inputs as Names);
  const id = createHash("sha1").update(certRequestPem).digest("hex");
  return { id, certRequestPem, keyAlgorithm: algorithmOf(key) };
}

async function makeLocallySigned(inputs: ValueMap): Promise<ValueMap> {
  const [caCertPem, certRequestPem] = [String(inputs.caCertPem), String(inputs.certRequestPem)];
  const key = parsePrivateKey(String(inputs.caPrivateKeyPem), "caPrivateKeyPem");
  const signer = await signingPair(key);
  const issued = await locallySigned(signer, caCertPem, certRequestPem, terms(inputs));
  if (!createPublicKey(key).export({ type: "spki", format: "der" }).equals(publicKeyOf(caCertPem))) {
    throw new Refused("Failed to create certificate", "x509: provided PrivateKey doesn't match parent's PublicKey");
  }
  return { ...issuedOutputs(issued), caKeyAlgorithm: algorithmOf(key) };
}

export const TYPES: Record<string, ResourceType> = {
  "tls:index/privateKey:PrivateKey": typeOf(SHAPES.privateKey, makePrivateKey),
  "tls:index/selfSignedCert:SelfSignedCert": typeOf(SHAPES.selfSignedCert, makeSelfSigned),
  "tls:index/certRequest:CertRequest": typeOf(SHAPES.certRequest, makeRequest),
  "tls:index/locallySignedCert:LocallySignedCert": typeOf(SHAPES.locallySignedCert, makeLocallySigned),
};
