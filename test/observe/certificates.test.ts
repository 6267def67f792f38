import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { readCertificates } from "../../observe/certificates";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const notBefore = new Date("2026-11-21T00:00:00Z");
const notAfter = new Date("2036-11-18T00:00:00Z");

describe("certificates of a host", () => {
  const pem: Record<string, string> = {};

  before(async () => {
    x509.cryptoProvider.set(webcrypto as Crypto);
    const keys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
    const ca = await keys();
    const stranger = await keys();
    const leaf = await keys();
    const authority = async (pair: CryptoKeyPair) =>
      x509.X509CertificateGenerator.createSelfSigned({
        name: "CN=kube-ca",
        keys: pair,
        notBefore,
        notAfter,
        signingAlgorithm: algorithm,
        extensions: [new x509.BasicConstraintsExtension(true)],
      });
    const signed = async (issuer: string, signingKey: CryptoKey) =>
      x509.X509CertificateGenerator.create({
        subject: "CN=kube-etcd",
        issuer,
        publicKey: leaf.publicKey,
        signingKey,
        notBefore,
        notAfter,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: "dns", value: "master3" },
            { type: "ip", value: "192.168.31.103" },
          ]),
        ],
      });
    pem.ca = (await authority(ca)).toString("pem");
    pem.good = (await signed("CN=kube-ca", ca.privateKey)).toString("pem");
    pem.impostor = (await signed("CN=kube-ca", stranger.privateKey)).toString("pem");
    pem.other = (await signed("CN=another-ca", stranger.privateKey)).toString("pem");
  });

  const read = (...names: string[]) =>
    readCertificates(names.map((n) => ({ file: `/ssl/${n}.pem`, pem: pem[n] ?? "" })));

  it("names, addresses and validity are read", () => {
    assert.deepEqual(read("ca", "good").certificates[1], {
      file: "/ssl/good.pem",
      name: "good",
      notBefore: notBefore.getTime(),
      notAfter: notAfter.getTime(),
      dnsNames: ["master3"],
      ipAddresses: ["192.168.31.103"],
      signed: true,
    });
  });

  for (const [name, signed] of [
    ["good", true],
    ["impostor", false],
    ["other", undefined],
  ] as const) {
    it(`${name}: signed by the CA beside it: ${signed}`, () => {
      assert.equal(read("ca", name).certificates[1]?.signed, signed);
    });
  }

  it("a file that holds none is told", () => {
    pem.garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert.deepEqual(read("empty", "garbage").unreadableCertificates, [
      { file: "/ssl/empty.pem", reason: "holds no certificate" },
      { file: "/ssl/garbage.pem", reason: "can't be read" },
    ]);
  });
});
