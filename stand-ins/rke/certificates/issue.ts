/** Signing: RSA 2048, SHA-256, ten years, as RKE's own certificates. */
import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { AltNames } from "./names";

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const YEARS_10_MS = 3650 * 24 * 3600 * 1000;

export interface Issued {
  certificatePEM: string;
  keyPEM: string;
}

export interface Subject {
  commonName: string;
  organization?: string;
}

export interface LeafRequest extends Subject {
  server: boolean;
  names?: AltNames;
  /** RKE keeps a certificate's key when it renews the certificate. */
  keyPEM?: string;
}

export function newKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs1", format: "pem" }).toString();
}

async function keysOf(keyPEM: string) {
  const key = createPrivateKey(keyPEM);
  const secret = await webcrypto.subtle.importKey(
    "pkcs8",
    key.export({ type: "pkcs8", format: "der" }),
    ALGORITHM,
    true,
    ["sign"],
  );
  const spki = createPublicKey(keyPEM).export({ type: "spki", format: "der" });
  const open = await webcrypto.subtle.importKey("spki", spki, ALGORITHM, true, ["verify"]);
  return { secret, open };
}

/** Go writes the organization before the common name. */
function nameOf(subject: Subject): x509.JsonName {
  const parts: x509.JsonName = [];
  if (subject.organization) parts.push({ O: [subject.organization] });
  parts.push({ CN: [subject.commonName] });
  return parts;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

export async function issueCa(commonName: string): Promise<Issued> {
  const keyPEM = newKey();
  const keys = await keysOf(keyPEM);
  const now = wholeSeconds(Date.now());
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "00",
    name: nameOf({ commonName }),
    notBefore: now,
    notAfter: new Date(now.getTime() + YEARS_10_MS),
    signingAlgorithm: ALGORITHM,
    keys: { privateKey: keys.secret, publicKey: keys.open },
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      new x509.BasicConstraintsExtension(true, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.open),
    ],
  });
  return { certificatePEM: pem(certificate), keyPEM };
}

export async function issueLeaf(ca: Issued, request: LeafRequest): Promise<Issued> {
  const keyPEM = request.keyPEM || newKey();
  const keys = await keysOf(keyPEM);
  const issuer = new x509.X509Certificate(ca.certificatePEM);
  const usages: string[] = [x509.ExtendedKeyUsage.clientAuth];
  if (request.server) usages.push(x509.ExtendedKeyUsage.serverAuth);
  const extensions: x509.Extension[] = [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension(usages),
  ];
  const issuerKey = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  if (issuerKey) extensions.push(new x509.AuthorityKeyIdentifierExtension(issuerKey.keyId));
  if (request.names) extensions.push(subjectAltName(request.names));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: positiveSerial(),
    subject: nameOf(request),
    issuer: issuer.subjectName.toJSON(),
    notBefore: issuer.notBefore,
    notAfter: new Date(wholeSeconds(Date.now()).getTime() + YEARS_10_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.open,
    signingKey: (await keysOf(ca.keyPEM)).secret,
    extensions,
  });
  return { certificatePEM: pem(certificate), keyPEM };
}

function subjectAltName(names: AltNames): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension([
    ...names.dns.map((value) => ({ type: "dns" as const, value })),
    ...names.ips.map((value) => ({ type: "ip" as const, value })),
  ]);
}

function positiveSerial(): string {
  const bytes = randomBytes(8);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
