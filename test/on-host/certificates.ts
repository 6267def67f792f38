import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** Writes a certificate authority and a certificate of it for 127.0.0.1, each with its key, to these paths. */
export function makeCertificates(ca: string, caKey: string, cert: string, key: string): void {
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  };
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"];
  openssl(...made, "-keyout", caKey, "-out", ca, "-subj", "/CN=kube-ca");
  const signed = ["-CA", ca, "-CAkey", caKey];
  const extensions = ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"];
  const asked = extensions.flatMap((extension) => ["-addext", extension]);
  openssl(...made, "-keyout", key, "-out", cert, "-subj", "/CN=member", ...signed, ...asked);
}
