import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

const docker = `#!/bin/sh
echo "$*" >>"$RKE_DR_STATE/asked"
case "$1" in
image) [ -e "$RKE_DR_STATE/image" ] ;;
pull) [ ! -e "$RKE_DR_STATE/no-registry" ] ;;
esac
`;

describe("a control plane host of a datacenter without etcd, prepared for one", () => {
  const host = stateOfEachTest({ epoch: "1\n", act: "primary\n" }, { docker });
  const ssl = "ssl";
  beforeEach(() => {
    mkdirSync(host.at(ssl));
    host.write("ssl/kube-ca.pem", "CA\n\n");
  });

  const run = (generation = 1, certificate = "of etcd", ca = "CA") =>
    host.step(
      ["etcd-spare", 1, generation, "primary", "lab", "kube-etcd-1", "r/etcd:v3"],
      stepScript("etcd-spare").replaceAll("/etc/kubernetes/ssl", host.at(ssl)),
      `@@ kube-ca.pem\n${ca}\n@@ kube-etcd-1.pem\n${certificate}\n@@ kube-etcd-1-key.pem\nkey\n`,
    );
  const files = () => readdirSync(host.at(ssl)).sort();

  it("gets certificate, key and image, and nothing is started", () => {
    const { status, stderr } = run();
    assert.equal(status, 0, stderr);
    assert.deepEqual(files(), ["kube-ca.pem", "kube-etcd-1-key.pem", "kube-etcd-1.pem"]);
    assert.equal(host.read("ssl/kube-etcd-1.pem"), "of etcd\n");
    assert.equal(statSync(host.at("ssl/kube-etcd-1-key.pem")).mode & 0o077, 0);
    assert.match(host.read("asked"), /^pull r\/etcd:v3$/m);
    assert.doesNotMatch(host.read("asked"), /^(run|create|start)/m);
  });

  it("gets nothing twice, and a certificate that was issued anew", () => {
    run();
    host.write("image", "");
    assert.doesNotMatch(run(2).stderr, /written/);
    assert.match(run(3, "renewed").stderr, /kube-etcd-1\.pem written/);
    assert.equal(host.read("ssl/kube-etcd-1.pem"), "renewed\n");
  });

  it("of another cluster is refused, and no key stays", () => {
    const { status, stderr } = run(1, "of etcd", "another CA");
    assert.equal(status, 1);
    assert.match(stderr, /another kube-ca than this host's is refused; nothing was changed/);
    assert.deepEqual(files(), ["kube-ca.pem"]);
  });

  it("that can't get the image ends the step by its name", () => {
    host.write("no-registry", "");
    const { status, stderr } = run();
    assert.equal(status, 1);
    assert.match(stderr, /image r\/etcd:v3 can't be had/);
  });
});
