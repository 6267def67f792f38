import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import { openSsh } from "./openssh.js";

export const ALGORITHMS = ["RSA", "ECDSA", "ED25519"] as const;
export const CURVES = ["P224", "P256", "P384", "P521"] as const;

export type KeyAlgorithm = (typeof ALGORITHMS)[number];

const NODE_CURVES: Record<string, string> = {
  P224: "secp224r1",
  P256: "prime256v1",
  P384: "secp384r1",
  P521: "secp521r1",
};

export async function generate(algorithm: KeyAlgorithm, rsaBits: number, ecdsaCurve: string): Promise<KeyObject> {
  const make = promisify(generateKeyPair);
  switch (algorithm) {
    case "RSA":
      return (await make("rsa", { modulusLength: rsaBits })).privateKey;
    case "ECDSA":
      return (await make("ec", { namedCurve: NODE_CURVES[ecdsaCurve] ?? ecdsaCurve })).privateKey;
    case "ED25519":
      return (await make("ed25519")).privateKey;
    default:
      throw new Error(`algorithm: ${algorithm satisfies never} is none of ${ALGORITHMS.join(", ")}`);
  }
}

export function parsePrivateKey(pem: string, property: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error(`${property}: no private key in PEM form that this stand-in can read (PKCS#1, SEC 1 or PKCS#8)`);
  }
}

export function algorithmOf(key: KeyObject): KeyAlgorithm {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return "RSA";
    case "ec":
      return "ECDSA";
    case "ed25519":
      return "ED25519";
    default:
      throw new Error(`key type "${key.asymmetricKeyType}" is none of ${ALGORITHMS.join(", ")}`);
  }
}

/** Everything that the resource tls.PrivateKey says about a key. */
export function describeKey(key: KeyObject) {
  const algorithm = algorithmOf(key);
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" }) as string;
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const ssh = openSsh(key);
  const traditional = { RSA: "pkcs1", ECDSA: "sec1", ED25519: "pkcs8" } as const;
  return {
    id: createHash("sha1").update(spki).digest("hex"),
    privateKeyPem: key.export({ type: traditional[algorithm], format: "pem" }) as string,
    privateKeyPemPkcs8: pkcs8,
    privateKeyOpenssh: ssh?.privateKey ?? "",
    publicKeyPem: createPublicKey(key).export({ type: "spki", format: "pem" }) as string,
    publicKeyOpenssh: ssh?.publicKey ?? "",
    publicKeyFingerprintMd5: ssh?.fingerprintMd5 ?? "",
    publicKeyFingerprintSha256: ssh?.fingerprintSha256 ?? "",
  };
}

export interface SigningPair {
  keys: webcrypto.CryptoKeyPair;
  signingAlgorithm: { name: string; hash?: string };
}

/** A key as the x509 library wants it, with the hash that Go chooses for its kind and size. */
export async function signingPair(key: KeyObject): Promise<SigningPair> {
  const { importAs, signingAlgorithm } = webAlgorithm(key);
  const { subtle } = webcrypto;
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const privateKey = await subtle.importKey("pkcs8", pkcs8, importAs, true, ["sign"]);
  const publicKey = await subtle.importKey("spki", spki, importAs, true, ["verify"]);
  return { keys: { privateKey, publicKey }, signingAlgorithm };
}

function webAlgorithm(key: KeyObject) {
  const curves: Record<string, [string, string]> = {
    prime256v1: ["P-256", "SHA-256"],
    secp384r1: ["P-384", "SHA-384"],
    secp521r1: ["P-521", "SHA-512"],
  };
  switch (algorithmOf(key)) {
    case "RSA": {
      const signingAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
      return { importAs: signingAlgorithm, signingAlgorithm };
    }
    case "ED25519":
      return { importAs: { name: "Ed25519" }, signingAlgorithm: { name: "Ed25519" } };
    case "ECDSA": {
      const [namedCurve, hash] = curves[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? [];
      if (!namedCurve || !hash) throw new Error("certificates of P224 keys are not implemented by this stand-in");
      return { importAs: { name: "ECDSA", namedCurve }, signingAlgorithm: { name: "ECDSA", hash } };
    }
  }
}
