import { X509Certificate } from "node:crypto";
import { basename } from "node:path";
import type { CertificateFacts, CertificateReading } from "../plan/facts/preflight";

/** Reads a host's certificate files, and checks each signature against the CAs among them. */
export function readCertificates(files: { file: string; pem: string }[]): CertificateReading {
  const read: { file: string; certificate: X509Certificate }[] = [];
  const unreadableCertificates: CertificateReading["unreadableCertificates"] = [];
  for (const { file, pem } of files) {
    try {
      read.push({ file, certificate: new X509Certificate(pem) });
    } catch {
      unreadableCertificates.push({ file, reason: pem.trim() === "" ? "holds no certificate" : "can't be read" });
    }
  }
  const authorities = read.filter((r) => r.certificate.ca).map((r) => r.certificate);
  return { certificates: read.map((r) => factsOf(r.file, r.certificate, authorities)), unreadableCertificates };
}

function factsOf(file: string, certificate: X509Certificate, authorities: X509Certificate[]): CertificateFacts {
  const names = (certificate.subjectAltName ?? "").split(", ");
  const of = (kind: string) => names.filter((n) => n.startsWith(kind)).map((n) => n.slice(kind.length));
  const issuers = authorities.filter((ca) => ca.subject === certificate.issuer);
  return {
    file,
    name: basename(file, ".pem"),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    dnsNames: of("DNS:"),
    ipAddresses: of("IP Address:"),
    signed: issuers.length === 0 ? undefined : issuers.some((ca) => certificate.verify(ca.publicKey)),
  };
}
