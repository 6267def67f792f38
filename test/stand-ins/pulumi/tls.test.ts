import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { createPrivateKey, createPublicKey, sign, verify, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { locallySigned, request, selfSigned } from "../../../stand-ins/pulumi/tls/certificates.js";
import { describeKey, generate, type KeyAlgorithm, signingPair } from "../../../stand-ins/pulumi/tls/keys.js";
import { bornReady, checkShape, diffShape, isRenewalDue, SHAPES } from "../../../stand-ins/pulumi/tls/shape.js";

const run = promisify(execFile);

describe("the stand-in for the tls provider: keys", () => {
  const rows: [KeyAlgorithm, string, string, string][] = [
    ["RSA", "P224", "-----BEGIN RSA PRIVATE KEY-----", "ssh-rsa"],
    ["ECDSA", "P256", "-----BEGIN EC PRIVATE KEY-----", "ecdsa-sha2-nistp256"],
    ["ECDSA", "P384", "-----BEGIN EC PRIVATE KEY-----", "ecdsa-sha2-nistp384"],
    ["ECDSA", "P521", "-----BEGIN EC PRIVATE KEY-----", "ecdsa-sha2-nistp521"],
    ["ED25519", "P224", "-----BEGIN PRIVATE KEY-----", "ssh-ed25519"],
  ];
  for (const [algorithm, curve, header, ssh] of rows) {
    it(`${algorithm} ${curve}: all forms are the same key, and OpenSSH reads its own`, async () => {
      const described = describeKey(await generate(algorithm, 2048, curve));
      assert.equal(described.privateKeyPem.split("\n")[0], header);
      const hash = algorithm === "ED25519" ? null : "sha256";
      const signature = sign(hash, Buffer.from("text"), createPrivateKey(described.privateKeyPemPkcs8));
      assert.ok(verify(hash, Buffer.from("text"), createPublicKey(described.publicKeyPem), signature));
      assert.ok(described.publicKeyOpenssh.startsWith(`${ssh} `));
      const dir = await mkdtemp(join(tmpdir(), "key-"));
      try {
        const file = join(dir, "id");
        await writeFile(file, described.privateKeyOpenssh, { mode: 0o600 });
        assert.equal((await run("ssh-keygen", ["-y", "-f", file])).stdout.trim(), described.publicKeyOpenssh.trim());
        const { stdout } = await run("ssh-keygen", ["-l", "-f", file]);
        assert.ok(stdout.includes(described.publicKeyFingerprintSha256));
        const md5 = await run("ssh-keygen", ["-l", "-E", "md5", "-f", file]);
        assert.ok(md5.stdout.includes(described.publicKeyFingerprintMd5));
      } finally {
        await rm(dir, { recursive: true });
      }
    });
  }

  it("P224 has no OpenSSH form", async () => {
    const { privateKeyOpenssh, publicKeyFingerprintMd5 } = describeKey(await generate("ECDSA", 0, "P224"));
    assert.deepEqual([privateKeyOpenssh, publicKeyFingerprintMd5], ["", ""]);
  });
});

describe("the stand-in for the tls provider: certificates", () => {
  const terms = {
    validityPeriodHours: 24,
    allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
    isCaCertificate: false,
    setSubjectKeyId: false,
  };
  for (const algorithm of ["RSA", "ECDSA", "ED25519"] as const) {
    it(`${algorithm}: a chain that openssl accepts, names in the order given`, async () => {
      const signer = await signingPair(await generate(algorithm, 2048, "P256"));
      const caTerms = { ...terms, allowedUses: ["cert_signing"], isCaCertificate: true, setAuthorityKeyId: false };
      const ca = await selfSigned(signer, { commonName: "kube-ca" }, {}, caTerms);
      const key = await signingPair(await generate(algorithm, 2048, "P256"));
      const names = { dnsNames: ["z", "a", "*.x"], ipAddresses: ["127.0.0.1", "::1"] };
      const csr = await request(key, { commonName: "é", organization: "system:masters" }, names);
      const leaf = await locallySigned(signer, ca.pem, csr, terms);
      const certificate = new X509Certificate(leaf.pem);
      assert.equal(
        certificate.subjectAltName,
        "DNS:z, DNS:a, DNS:*.x, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
      );
      assert.ok(certificate.checkIssued(new X509Certificate(ca.pem)));
      assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), leaf.serial);
      const dir = await mkdtemp(join(tmpdir(), "certificate-"));
      try {
        await writeFile(join(dir, "ca"), ca.pem);
        await writeFile(join(dir, "leaf"), leaf.pem);
        await run("openssl", ["verify", "-x509_strict", "-CAfile", join(dir, "ca"), join(dir, "leaf")]);
      } finally {
        await rm(dir, { recursive: true });
      }
    });
  }
});

describe("the stand-in for the tls provider: decisions", () => {
  const now = new Date("2026-01-01T12:00:00Z");
  const due: [string, number, boolean][] = [
    ["2026-01-01T13:00:00Z", 0, false],
    ["2026-01-01T13:00:00Z", 1, true],
    ["2026-01-01T12:00:00Z", 0, true],
    ["2026-01-02T13:00:00Z", 24, false],
  ];
  for (const [end, early, expected] of due) {
    it(`valid until ${end}, ${early} hours early: ${expected ? "" : "not "}due`, () => {
      assert.equal(isRenewalDue(end, early, now), expected);
    });
  }

  it("a certificate that can't be valid is ready for renewal when it is made", () => {
    assert.equal(bornReady({ validityPeriodHours: 1, earlyRenewalHours: 1 }), true);
    assert.equal(bornReady({ validityPeriodHours: 1 }), false);
  });

  it("only the hours of early renewal are changed in place", () => {
    const old = { privateKeyPem: "k", validityPeriodHours: 1, allowedUses: ["a", "b"], earlyRenewalHours: 0 };
    const shape = SHAPES.selfSignedCert;
    const state = { ...shape.defaults, ...old };
    assert.deepEqual(diffShape(shape, state, old, false), { changed: false, diffs: [], replaces: [] });
    assert.deepEqual(diffShape(shape, state, { ...old, earlyRenewalHours: 5 }, false).replaces, []);
    assert.deepEqual(diffShape(shape, state, { ...old, allowedUses: ["b", "a"] }, false).replaces, ["allowedUses"]);
    assert.deepEqual(diffShape(shape, state, old, true).replaces, ["readyForRenewal"]);
  });

  it("tells what is wrong with inputs, and what it doesn't have", () => {
    const reasons = (inputs: Parameters<typeof checkShape>[2]) =>
      checkShape(SHAPES.privateKey, "k", inputs).failures?.map(({ property, reason }) => `${property}: ${reason}`);
    const list = '["RSA" "ECDSA" "ED25519"]';
    const rule = `Attribute algorithm value must be one of: ${list}, got: "DSA"`;
    assert.deepEqual(reasons({ algorithm: "DSA" }), [
      `: Invalid Attribute Value Match. ${rule}. Examine values at 'k.algorithm'.`,
    ]);
    assert.deepEqual(reasons({ algorithm: "RSA", more: 1 }), ["more: not implemented by this stand-in"]);
  });
});
