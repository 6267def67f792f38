import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const code = (name: string) => readFileSync(join(__dirname, "../../on-host", `${name}.sh`), "utf8");

describe("joining etcd, where there is nothing to join", () => {
  let state: string;
  let ssl: string;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "rke-dr-join-"));
    ssl = join(state, "ssl");
    writeFileSync(join(state, "epoch"), "1\n");
    writeFileSync(join(state, "act"), "primary\n");
    // whatever would be changed is refused, and told
    writeFileSync(join(state, "docker"), `#!/bin/sh\necho "$@" >>${state}/docker-ran\nexit 1\n`, { mode: 0o755 });
  });
  afterEach(() => rmSync(state, { recursive: true }));

  const files = "@@ kube-ca.pem\nthe CA\n@@ kube-etcd-1.pem\na certificate\n@@ kube-etcd-1-key.pem\na key";

  /** Nothing listens at the other voter's port. */
  function run(wanted: string) {
    const result = spawnSync(
      "bash",
      [
        ...["-s", "--", "etcd-join", "1", "1", "primary", "lab"],
        ...[
          wanted,
          "etcd-a",
          "kube-etcd-1",
          "https://127.0.0.1:2379",
          "image",
          "etcd-b=https://127.0.0.1:1,etcd-a=https://127.0.0.1:2",
        ],
        "https://127.0.0.1:1",
      ],
      {
        input: `${code("lib")}\n${code("etcd-membership").replace("ssl=/etc/kubernetes/ssl", `ssl=${ssl}`)}\n${code("etcd-join")}\nmain "$@"; exit\n{"joining":1}\n{"final":1}\n${files}`,
        encoding: "utf8",
        env: { ...process.env, RKE_DR_STATE: state, PATH: `${state}:${process.env.PATH}` },
      },
    );
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  }
  const touchedDocker = () => readdirSync(state).includes("docker-ran");

  it("a voter's step ends well and leaves etcd as it is: `rke up` makes the first cluster", () => {
    const result = run("voter");
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /no other voter serves: there is no cluster to join/);
    assert.equal(touchedDocker(), false);
  });

  it("a learner's fails and changes nothing", () => {
    const result = run("learner");
    assert.equal(result.code, 1);
    assert.match(
      result.stderr,
      /none of the voters answers a linearizable read \(https:\/\/127\.0\.0\.1:1\); nothing was changed/,
    );
    assert.equal(touchedDocker(), false);
  });

  it("certificates that are missing are written, for root alone", () => {
    run("voter");
    assert.deepEqual(readdirSync(ssl).sort(), ["kube-ca.pem", "kube-etcd-1-key.pem", "kube-etcd-1.pem"]);
    assert.equal(readFileSync(join(ssl, "kube-etcd-1-key.pem"), "utf8"), "a key\n");
    assert.equal(statSync(join(ssl, "kube-etcd-1-key.pem")).mode & 0o777, 0o600);
  });

  for (const [wanted, expected] of [
    ["voter", "RKE's\n"],
    ["learner", "a certificate\n"],
  ]) {
    it(`another certificate that is there: a ${wanted}'s becomes ${JSON.stringify(expected)}; never the CA`, () => {
      mkdirSync(ssl);
      for (const name of ["kube-ca.pem", "kube-etcd-1.pem"]) writeFileSync(join(ssl, name), "RKE's\n");
      run(wanted ?? "");
      assert.equal(readFileSync(join(ssl, "kube-etcd-1.pem"), "utf8"), expected);
      assert.equal(readFileSync(join(ssl, "kube-ca.pem"), "utf8"), "RKE's\n");
    });
  }
});
