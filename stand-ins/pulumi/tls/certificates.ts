import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { SigningPair } from "./keys.js";
import { EXTENDED_KEY_USAGES, KEY_USAGES } from "./uses.js";

x509.cryptoProvider.set(webcrypto as Crypto);

export interface Subject {
  commonName?: string;
  country?: string;
  locality?: string;
  organization?: string;
  organizationalUnit?: string;
  postalCode?: string;
  province?: string;
  serialNumber?: string;
  streetAddresses?: string[];
}

export interface Names {
  dnsNames?: string[];
  ipAddresses?: string[];
  uris?: string[];
}

export interface Terms {
  validityPeriodHours: number;
  allowedUses: string[];
  isCaCertificate: boolean;
  maxPathLength?: number;
  setSubjectKeyId: boolean;
}

export interface Issued {
  pem: string;
  /** Decimal, as the official provider gives it as the resource's id. */
  serial: string;
  notBefore: Date;
  notAfter: Date;
}

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

/** Attributes in the order in which Go writes them, whatever order they were given in. */
const ATTRIBUTES: [keyof Subject, string][] = [
  ["country", "2.5.4.6"],
  ["organization", "2.5.4.10"],
  ["organizationalUnit", "2.5.4.11"],
  ["locality", "2.5.4.7"],
  ["province", "2.5.4.8"],
  ["streetAddresses", "2.5.4.9"],
  ["postalCode", "2.5.4.17"],
  ["commonName", "2.5.4.3"],
  ["serialNumber", "2.5.4.5"],
];

function nameOf(subject: Subject): x509.Name {
  const parts = ATTRIBUTES.flatMap(([key, oid]) => {
    const values = [subject[key] ?? []].flat().filter((value) => value !== "");
    const encode = (value: string) =>
      /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? { printableString: value } : { utf8String: value };
    return values.length > 0 ? [{ [oid]: values.map(encode) }] : [];
  });
  return new x509.Name(parts);
}

/** Kind by kind (DNS, IP, URI), and within a kind exactly in the order given: RKE compares the order. */
function alternativeNames(names: Names, critical: boolean): x509.Extension[] {
  const list: x509.JsonGeneralNames = [
    ...(names.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(names.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
    ...(names.uris ?? []).map((value) => ({ type: "url" as const, value })),
  ];
  return list.length > 0 ? [new x509.SubjectAlternativeNameExtension(list, critical)] : [];
}

function isEmpty(name: x509.Name): boolean {
  return name.toJSON().length === 0;
}

/** Extensions in Go's order and with Go's criticality. */
async function extensions(
  terms: Terms,
  subject: x509.Name,
  key: x509.PublicKey,
  authorityKeyId: string | undefined,
  names: Names,
): Promise<x509.Extension[]> {
  const list: x509.Extension[] = [];
  const bits = terms.allowedUses.reduce((all, use) => all | (KEY_USAGES[use] ?? 0), 0);
  if (bits !== 0) list.push(new x509.KeyUsagesExtension(bits, true));
  const purposes = terms.allowedUses.flatMap((use) => EXTENDED_KEY_USAGES[use] ?? []);
  if (purposes.length > 0) list.push(new x509.ExtendedKeyUsageExtension(purposes, false));
  list.push(new x509.BasicConstraintsExtension(terms.isCaCertificate, terms.maxPathLength, true));
  if (terms.setSubjectKeyId || terms.isCaCertificate) list.push(await x509.SubjectKeyIdentifierExtension.create(key));
  if (authorityKeyId) list.push(new x509.AuthorityKeyIdentifierExtension(authorityKeyId, false));
  list.push(...alternativeNames(names, isEmpty(subject)));
  return list;
}

async function issue(
  terms: Terms,
  content: { subject: x509.Name; issuer: x509.Name; key: x509.PublicKey; extensions: x509.Extension[] },
  signer: SigningPair,
): Promise<Issued> {
  // 127 random bits under a set one: always positive, always of the same length.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + terms.validityPeriodHours * 3_600_000);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString("hex"),
    notBefore,
    notAfter,
    subject: content.subject,
    issuer: content.issuer,
    publicKey: content.key,
    extensions: content.extensions,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: signer.signingAlgorithm,
  });
  return {
    pem: `${certificate.toString("pem")}\n`,
    serial: BigInt(`0x${serial.toString("hex")}`).toString(),
    notBefore,
    notAfter,
  };
}

export async function selfSigned(
  signer: SigningPair,
  subject: Subject,
  names: Names,
  terms: Terms & { setAuthorityKeyId: boolean },
): Promise<Issued> {
  const key = await x509.PublicKey.create(signer.keys.publicKey);
  const name = nameOf(subject);
  const keyId = Buffer.from(await key.getKeyIdentifier()).toString("hex");
  const authority = terms.setAuthorityKeyId ? keyId : undefined;
  const list = await extensions(terms, name, key, authority, names);
  return issue(terms, { subject: name, issuer: name, key, extensions: list }, signer);
}

export async function request(signer: SigningPair, subject: Subject, names: Names): Promise<string> {
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(subject),
    keys: signer.keys,
    signingAlgorithm: signer.signingAlgorithm,
    extensions: alternativeNames(names, false),
  });
  return `${csr.toString("pem")}\n`;
}

export async function locallySigned(
  signer: SigningPair,
  caCertPem: string,
  certRequestPem: string,
  terms: Terms,
): Promise<Issued> {
  const ca = parse("caCertPem", () => new x509.X509Certificate(caCertPem));
  const csr = parse("certRequestPem", () => new x509.Pkcs10CertificateRequest(certRequestPem));
  if (!(await csr.verify())) throw new Error("certRequestPem: the request's signature doesn't fit its key");
  const caKeyId = ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  // As Go does: an issuer that is its own subject gets no authority key identifier.
  const authority = csr.subjectName.toString() === ca.subjectName.toString() ? undefined : caKeyId;
  const asked = csr.extensions.find(({ type }) => type === SUBJECT_ALTERNATIVE_NAME);
  const names = asked instanceof x509.SubjectAlternativeNameExtension ? namesOf(asked) : {};
  const list = await extensions(terms, csr.subjectName, csr.publicKey, authority, names);
  return issue(
    terms,
    { subject: csr.subjectName, issuer: ca.subjectName, key: csr.publicKey, extensions: list },
    signer,
  );
}

/** The key that a certificate is for, in DER, to compare with another. */
export function publicKeyOf(certPem: string): Buffer {
  return Buffer.from(new x509.X509Certificate(certPem).publicKey.rawData);
}

function namesOf(extension: x509.SubjectAlternativeNameExtension): Names {
  const values = (type: string) => extension.names.items.filter((name) => name.type === type).map(({ value }) => value);
  return { dnsNames: values("dns"), ipAddresses: values("ip"), uris: values("url") };
}

function parse<T>(property: string, act: () => T): T {
  try {
    return act();
  } catch {
    throw new Error(`${property}: not a PEM document of the expected kind`);
  }
}
