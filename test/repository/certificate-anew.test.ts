import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blocks, read } from "./markdown";

/** The commands of docs/runbook.md, "A certificate that has expired". */
const commands = blocks(read("docs/runbook.md"), "sh").find((block) => block.includes("-x509toreq")) ?? "";
const name = "kube-etcd-192-168-31-103";

describe("the runbook's commands for a certificate that has expired", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-certificate-"));
  const host = join(folder, "etc/kubernetes/ssl");
  after(() => rmSync(folder, { recursive: true }));

  it("issue it anew with the same names and key, by the cluster's CA", () => {
    mkdirSync(host, { recursive: true });
    mkdirSync(join(folder, "etc/rke-dr"));
    const openssl = (...args: string[]) => assert.equal(spawnSync("openssl", args, { cwd: host }).status, 0);
    const made = (file: string) => ["-newkey", "rsa:2048", "-nodes", "-keyout", `${file}-key.pem`];
    openssl("req", "-x509", ...made("ca"), "-subj", "/CN=kube-ca", "-days", "1", "-out", "ca.pem");
    openssl(
      "req",
      ...made(name),
      "-subj",
      "/CN=kube-etcd",
      "-addext",
      "subjectAltName=DNS:master3,IP:192.168.31.103",
      "-out",
      "csr",
    );
    openssl(
      ..."x509 -req -in csr -CA ca.pem -CAkey ca-key.pem -days -1 -copy_extensions copyall -out".split(" "),
      `${name}.pem`,
    );
    const certificate = () => new X509Certificate(readFileSync(join(host, `${name}.pem`)));
    const old = certificate();
    assert.ok(Date.parse(old.validTo) < Date.now());
    const pem = (file: string) => readFileSync(join(host, file), "utf8");
    const bundle = { "kube-ca": { certificatePEM: pem("ca.pem"), keyPEM: pem("ca-key.pem") } };
    const state = JSON.stringify({ currentState: { certificatesBundle: bundle } });
    writeFileSync(join(folder, "etc/rke-dr/cluster.rkestate"), state);
    // ssh and scp work on this machine, below the folder
    writeFileSync(join(folder, "ssh"), `#!/bin/bash\nshift\n"\${@/#\\//${folder}/}"\n`, { mode: 0o755 });
    writeFileSync(join(folder, "scp"), `#!/bin/bash\ncp "\${@/#root@*:/${folder}}"\n`, { mode: 0o755 });

    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, DEPLOY: "192.168.31.103" };
    const { status, stderr, stdout } = spawnSync("bash", ["-e"], { input: commands, env, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /DNS:master3, IP Address:192\.168\.31\.103/);
    const anew = certificate();
    assert.ok(Date.parse(anew.validTo) > Date.now());
    assert.ok(anew.verify(new X509Certificate(pem("ca.pem")).publicKey));
    assert.deepEqual([anew.subjectAltName, anew.subject], [old.subjectAltName, old.subject]);
    assert.equal(
      anew.publicKey.export({ type: "spki", format: "pem" }),
      old.publicKey.export({ type: "spki", format: "pem" }),
    );
  });
});
