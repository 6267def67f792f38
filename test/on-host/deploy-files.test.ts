import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("the files of a deploy host", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "1\n", act: "primary\n" });
  const script = () => stepScript("deploy-files").replaceAll("/etc/rke-dr", host.at("rke-dr"));
  const put = (data: string) => host.step(["deploy-files", 1, 1, "primary", "lab"], script(), data);

  it("are written; a killed run's leftovers are deleted, an operator's folders beside them stay", () => {
    for (const name of ["rke-dr.backup", "rke-dr", "rke-dr/.deploy-files.abcdef"]) mkdirSync(host.at(name));
    host.write("rke-dr.backup/cluster.rkestate", "kept");
    host.write("rke-dr/.deploy-files.abcdef/kube-ca-key.pem", "a key");
    const result = put("@@ cluster.yml\nnodes: []\n@@ certs/kube-ca.pem\nPEM\n@@ ssh/id_ed25519\nKEY\n");
    assert.equal(result.status, 0, result.stderr);
    assert.equal(host.read("rke-dr.backup/cluster.rkestate"), "kept");
    assert.deepEqual(readdirSync(host.at("rke-dr")).sort(), ["certs", "cluster.yml", "ssh"]);
    assert.equal(host.read("rke-dr/certs/kube-ca.pem"), "PEM\n");
  });

  it("keep the SSH keys of hosts that have left the topology or aren't pinned, and take the new ones of all others", () => {
    const files = (known: string) =>
      `@@ cluster.yml\nnodes: []\n@@ certs/kube-ca.pem\nPEM\n@@ ssh/id_ed25519\nKEY\n@@ ssh/known_hosts\n${known}`;
    put(files("10.0.0.1 old\n10.0.0.2 left"));
    put(files("10.0.0.1 new"));
    assert.equal(host.read("rke-dr/ssh/known_hosts"), "10.0.0.1 new\n10.0.0.2 left\n");
    put(files(""));
    assert.equal(host.read("rke-dr/ssh/known_hosts").trim(), "10.0.0.1 new\n10.0.0.2 left");
  });

  it("are refused with another kube-ca than the cluster's, and nothing of the attempt is left", () => {
    mkdirSync(host.at("rke-dr/certs"), { recursive: true });
    host.write("rke-dr/cluster.rkestate", "{}");
    host.write("rke-dr/certs/kube-ca.pem", "PEM\n");
    const result = put("@@ cluster.yml\nnodes: []\n@@ certs/kube-ca.pem\nOTHER\n@@ ssh/id_ed25519\nKEY\n");
    assert.match(result.stderr, /another kube-ca than the cluster's is refused/);
    assert.deepEqual(readdirSync(host.at("rke-dr")).sort(), ["certs", "cluster.rkestate"]);
    assert.equal(host.read("rke-dr/certs/kube-ca.pem"), "PEM\n");
  });
});
