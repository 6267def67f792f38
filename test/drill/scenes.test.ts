import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { certificatesAnew } from "../../drill/scenes/hands";
import { scenesText } from "../../drill/scenes/report";

describe("the scenes of a drill of kubeadm", () => {
  it("make certificates anew by the runbook's own commands, for the host that is meant", () => {
    const script = certificatesAnew({ name: "cp9", address: "10.0.0.9" }, "api.corp:6443", "v1.36.3");
    const [first, ...rest] = script.split("\n");
    assert.equal(first, "NAME=cp9 ADDRESS=10.0.0.9 ENDPOINT=api.corp:6443 VERSION=v1.36.3");
    assert.doesNotMatch(rest.join("\n"), /cp2|192\.168/);
    assert.match(script, /mv \/etc\/kubernetes\/pki\/\$c\.crt/);
    assert.match(script, /kubeadm init phase certs \$c --config/);
    assert.match(rest.at(-1) ?? "", /^crictl ps -q .*\| xargs crictl stop$/);
  });

  it("set all three leaves aside, and give kubeadm a file that it doesn't take for JSON", () => {
    const folder = mkdtempSync(join(tmpdir(), "rke-dr-runbook-"));
    try {
      const leaves = ["apiserver", "etcd/server", "etcd/peer"].flatMap((name) => [`${name}.crt`, `${name}.key`]);
      mkdirSync(join(folder, "pki/etcd"), { recursive: true });
      for (const file of leaves) writeFileSync(join(folder, "pki", file), file);
      // without kubeadm, and without the last line, which restarts pods: both need a host
      const script = certificatesAnew({ name: "cp9", address: "10.0.0.9" }, "api.corp:6443", "v1.36.3")
        .replaceAll("/etc/kubernetes/pki", `${folder}/pki`)
        .replaceAll("/root/", `${folder}/`)
        .replace(/\ncrictl ps .*$/, "");
      const left = 'kubeadm() { printf "%s\\n" "$4" >>made; }';
      const { status, stderr } = spawnSync("bash", ["-ec", `cd ${folder}; ${left}\n${script}`], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      for (const file of leaves) assert.equal(readFileSync(join(folder, "pki-aside", file), "utf8"), file);
      assert.equal(readFileSync(join(folder, "made"), "utf8"), "apiserver\netcd-server\netcd-peer\n");
      const text = readFileSync(join(folder, "kubeadm-certs.yaml"), "utf8");
      assert.doesNotMatch(text, /^\{/m, "kubeadm reads a document that begins with a brace as JSON");
      const kinds = parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind);
      assert.deepEqual(kinds, ["InitConfiguration", "ClusterConfiguration"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are reported with what failed, and what preview said", () => {
    const text = scenesText({
      verified: false,
      steps: [],
      checks: [{ what: "the leader moves", ok: false, found: "none" }],
      previews: [{ moment: "all are stopped", stack: "primary", lines: ["  STOP  members of etcd: ..."] }],
      standIns: [],
    });
    assert.match(text, /NOT verified/);
    assert.match(text, /FAILED the leader moves: none/);
    assert.match(text, /Preview of primary, all are stopped\n {2}STOP/);
  });
});
