import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("joining etcd if there is no cluster to join", () => {
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    // whatever would be changed is refused, and told
    { docker: '#!/bin/sh\necho "$@" >>$RKE_DR_STATE/docker-ran\nexit 1\n' },
  );
  let ssl: string;
  beforeEach(() => {
    ssl = host.at("ssl");
  });

  const files = "@@ kube-ca.pem\nthe CA\n@@ kube-etcd-1.pem\na certificate\n@@ kube-etcd-1-key.pem\na key";

  /** Nothing listens at the other voter's port. */
  function run(wanted: string, act = "primary") {
    host.write("act", `${act}\n`);
    const voters = "etcd-b=https://127.0.0.1:1,etcd-a=https://127.0.0.1:2";
    const own = [wanted, "etcd-a", "kube-etcd-1", "https://127.0.0.1:2379", "image", voters, "https://127.0.0.1:1"];
    const script = stepScript("etcd-join").replaceAll("ssl=/etc/kubernetes/ssl", `ssl=${ssl}`);
    const data = `{"joining":1}\n{"final":1}\n${files}`;
    return host.step(["etcd-join", 1, 1, act, "lab", ...own], script, data);
  }
  const touchedDocker = () => host.has("docker-ran");

  it("a voter's step succeeds and leaves etcd as it is: `rke up` makes the first cluster", () => {
    const result = run("voter");
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /no other voter serves: there is no cluster to join/);
    assert.equal(touchedDocker(), false);
  });

  it("a voter's step fails in a failover: `rke up` would start etcd on its old data", () => {
    const result = run("voter", "failover:a:restore:b1");
    assert.equal(result.status, 1);
    assert.match(result.stderr, /none of the voters answers a linearizable read .*; nothing was changed/);
    assert.equal(touchedDocker(), false);
  });

  it("a learner's step fails and changes nothing", () => {
    const result = run("learner");
    assert.equal(result.status, 1);
    assert.match(
      result.stderr,
      /none of the voters answers a linearizable read \(https:\/\/127\.0\.0\.1:1\); nothing was changed/,
    );
    assert.equal(touchedDocker(), false);
  });

  it("missing certificates are written, readable by root alone", () => {
    run("voter");
    assert.deepEqual(readdirSync(ssl).sort(), ["kube-ca.pem", "kube-etcd-1-key.pem", "kube-etcd-1.pem"]);
    assert.equal(readFileSync(join(ssl, "kube-etcd-1-key.pem"), "utf8"), "a key\n");
    assert.equal(statSync(join(ssl, "kube-etcd-1-key.pem")).mode & 0o777, 0o600);
  });

  for (const [wanted, expected] of [
    ["voter", "RKE's\n"],
    ["learner", "a certificate\n"],
  ]) {
    it(`a ${wanted}'s step leaves ${JSON.stringify(expected)} in place of another certificate, and never replaces the CA`, () => {
      mkdirSync(ssl);
      for (const name of ["kube-ca.pem", "kube-etcd-1.pem"]) writeFileSync(join(ssl, name), "RKE's\n");
      run(wanted ?? "");
      assert.equal(readFileSync(join(ssl, "kube-etcd-1.pem"), "utf8"), expected);
      assert.equal(readFileSync(join(ssl, "kube-ca.pem"), "utf8"), "RKE's\n");
    });
  }
});
