import { createHash, type JsonWebKey, type KeyObject, randomBytes } from "node:crypto";

/** The OpenSSH forms of a key: https://www.rfc-editor.org/rfc/rfc4253 (6.6), OpenSSH's PROTOCOL.key. */
export interface OpenSsh {
  privateKey: string;
  publicKey: string;
  fingerprintMd5: string;
  fingerprintSha256: string;
}

/** Curves that SSH knows; for others (P224) there is no OpenSSH form. */
const CURVES: Record<string, string> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

export function openSsh(key: KeyObject): OpenSsh | undefined {
  if (key.asymmetricKeyDetails?.namedCurve === "secp224r1") return undefined;
  const fields = wireFields(key.export({ format: "jwk" }));
  if (!fields) return undefined;
  const { algorithm, publicFields, privateFields } = fields;
  const blob = Buffer.concat([text(algorithm), ...publicFields]);
  return {
    privateKey: pem(privateFile(blob, Buffer.concat([text(algorithm), ...privateFields]))),
    publicKey: `${algorithm} ${blob.toString("base64")}\n`,
    fingerprintMd5: (createHash("md5").update(blob).digest("hex").match(/../g) ?? []).join(":"),
    fingerprintSha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

function wireFields(jwk: JsonWebKey) {
  const bytes = (name: keyof JsonWebKey) => Buffer.from(String(jwk[name] ?? ""), "base64url");
  switch (jwk.kty) {
    case "RSA": {
      const [n, e, d, qi, p, q] = (["n", "e", "d", "qi", "p", "q"] as const).map((name) => integer(bytes(name)));
      if (!n || !e || !d || !qi || !p || !q) return undefined;
      return { algorithm: "ssh-rsa", publicFields: [e, n], privateFields: [n, e, d, qi, p, q] };
    }
    case "EC": {
      const curve = CURVES[String(jwk.crv)];
      if (!curve) return undefined;
      const point = string(Buffer.concat([Buffer.from([4]), bytes("x"), bytes("y")]));
      const publicFields = [text(curve), point];
      return { algorithm: `ecdsa-sha2-${curve}`, publicFields, privateFields: [...publicFields, integer(bytes("d"))] };
    }
    case "OKP": {
      const publicFields = [string(bytes("x"))];
      const privateFields = [...publicFields, string(Buffer.concat([bytes("d"), bytes("x")]))];
      return { algorithm: "ssh-ed25519", publicFields, privateFields };
    }
    default:
      return undefined;
  }
}

function privateFile(publicBlob: Buffer, privateFields: Buffer): Buffer {
  const check = randomBytes(4);
  const comment = text("");
  const content = Buffer.concat([check, check, privateFields, comment]);
  const padding = Buffer.from(Array.from({ length: (8 - (content.length % 8)) % 8 }, (_, i) => i + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    uint32(1),
    string(publicBlob),
    string(Buffer.concat([content, padding])),
  ]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `${["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----"].join("\n")}\n`;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function text(value: string): Buffer {
  return string(Buffer.from(value));
}

/** A non-negative integer without needless leading zeros, with one where the top bit would make it negative. */
function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return string((trimmed[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}
