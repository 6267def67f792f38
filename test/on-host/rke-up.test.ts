import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stepText } from "../../components/steps";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

const files = ["certs.applied", "cluster.rkestate", "kube_config_cluster.yml"];

describe("RKE's state on the other deploy host", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    {
      rke: "#!/bin/sh\nexit 0\n",
      // the other host's folder is `there`; the connection ends after as many bytes as the file `cut` says
      ssh: `#!/bin/bash
command=\${!#}
cd "$RKE_DR_STATE/there"
head -c "$(cat "$RKE_DR_STATE/cut")" | sh -c "\${command//"$RKE_DR_STATE/here"/"$RKE_DR_STATE/there"}"
`,
    },
  );
  const state = (nodes: number) => `{\n  "nodes": ${nodes}${" ".repeat(40_000)}\n}\n`;
  const here = (name: string) => host.at("here", name);
  const there = (name: string) => readFileSync(host.at("there", name), "utf8");
  const all = (folder: string) => readdirSync(host.at(folder)).filter((name) => !name.startsWith("."));

  beforeEach(() => {
    mkdirSync(host.at("here/certs"), { recursive: true });
    mkdirSync(host.at("there"));
    host.write("cut", "10000000");
    host.write("here/certs/kube-ca.pem", "PEM\n");
    host.write("here/kube_config_cluster.yml", '  server: "https://1.1.1.1:6443"\n');
    for (const name of files) host.write(join("there", name), name === "cluster.rkestate" ? state(1) : "old\n");
  });
  function up(generation: number, user = "root") {
    const text = stepText({ script: "rke-up", data: "hash", onwardUsers: [user] });
    const other = `master3=${user}@10.0.0.3:22=https://10.0.0.3:6443`;
    const args = ["rke-up", 1, generation, "primary", "lab", "https://1.1.1.1:6443", other].map(String);
    return host.run("bash", ["-s", "--", ...args], text.replaceAll("/etc/rke-dr", host.at("here")));
  }

  it("equals this host's, but names the other side's own API server", () => {
    host.write("here/cluster.rkestate", state(2));
    const result = up(1);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(there("cluster.rkestate"), state(2));
    assert.equal(there("kube_config_cluster.yml"), '  server: "https://10.0.0.3:6443"\n');
    assert.deepEqual(readdirSync(host.at("there")).sort(), files);
  });

  it("is brought by sudo if the other deploy host's user isn't root, and fetched so", () => {
    host.program("sudo", `#!/bin/sh\necho "$1 $2 $3 $4" >>"$RKE_DR_STATE/by-sudo"\nshift 2\nexec "$@"\n`);
    host.write("here/cluster.rkestate", state(2));
    const result = up(1, "rke");
    assert.equal(result.status, 0, result.stderr);
    assert.equal(there("cluster.rkestate"), state(2));
    assert.equal(there("kube_config_cluster.yml"), '  server: "https://10.0.0.3:6443"\n');
    rmSync(here("cluster.rkestate"));
    assert.equal(up(2, "rke").status, 0);
    assert.equal(readFileSync(here("cluster.rkestate"), "utf8"), state(2));
    assert.equal(host.read("by-sudo"), "-n -k sh -c\n".repeat(3));
  });

  // in the state; between two files (a header, the content, its padding), which is no error to tar
  for (const cut of [0, 20_000, 512 + Math.ceil(state(2).length / 512) * 512]) {
    it(`stays as it was if the connection ends after ${cut} bytes, and the next run brings it`, () => {
      host.write("here/cluster.rkestate", state(2));
      host.write("cut", String(cut));
      const result = up(1);
      assert.match(result.stderr, /rke: state can't be brought to deploy host master3/);
      assert.equal(there("cluster.rkestate"), state(1));
      assert.deepEqual([there("kube_config_cluster.yml"), there("certs.applied")], ["old\n", "old\n"]);
      host.write("cut", "10000000");
      assert.equal(up(2).status, 0);
      assert.equal(there("cluster.rkestate"), state(2));
    });
  }

  it("is fetched whole or not at all by a deploy host that was set up anew", () => {
    // RKE isn't to make a new one here
    host.program("rke", "#!/bin/sh\nexit 1\n");
    host.program(
      "ssh",
      `#!/bin/bash\ncommand=\${!#}\nsh -c "\${command//"$RKE_DR_STATE/here"/"$RKE_DR_STATE/there"}" | head -c "$(cat "$RKE_DR_STATE/cut")"\n`,
    );
    host.write("cut", "20000");
    up(1);
    assert.ok(!existsSync(here("cluster.rkestate")));
    host.write("cut", "10000000");
    up(2);
    assert.equal(readFileSync(here("cluster.rkestate"), "utf8"), state(1));
    assert.deepEqual(all("here").sort(), [...files, "certs"].sort());
  });

  it("is reported if it is cut, with the copy that can replace it", () => {
    const script = stepScript("rke-state").replaceAll("/etc/rke-dr", host.at("here"));
    for (const [name, text] of [
      ["cluster.rkestate", state(1).slice(0, 500)],
      ["cluster.rkestate.before-epoch-2", state(1)],
      ["cluster.rkestate.before-epoch-10", state(1).slice(0, 500)],
      ["cluster.rkestate.before-epoch-9", state(1)],
    ] as const)
      writeFileSync(here(name), text);
    const result = host.step(["rke-state", 1, 1, "primary", "lab", "https://1.1.1.1:6443", "10.0.0.1"], script);
    assert.match(
      result.stderr,
      /it was left as it is; \S+\/here\/cluster\.rkestate\.before-epoch-9 is whole: compare it/,
    );
  });
});

describe("a Node that isn't ready when `rke up` comes to it", function () {
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    {
      // the first run ends as RKE v1.2.7 does at such a Node, the second succeeds
      rke: `#!/bin/bash
echo run >>"$RKE_DR_STATE/runs"
[[ $(wc -l <"$RKE_DR_STATE/runs") -gt 1 ]] && exit 0
echo 'time="2026-11-29T03:05:44Z" level=fatal msg="[controlPlane] Failed to upgrade Control Plane: [[host master2 not ready]]"'
exit 1
`,
      // the Node is ready when it is asked for the third time
      curl: `#!/bin/bash
echo "$@" >>"$RKE_DR_STATE/asked"
ready=False
[[ $(grep -c nodes/master2 "$RKE_DR_STATE/asked") -lt 3 ]] || ready=True
printf '{"status": {"conditions": [{"type": "Ready", "status": "%s"}]}}\\n200' "$ready"
`,
    },
  );
  it("is waited for, and `rke up` runs once more", () => {
    mkdirSync(host.at("here/certs"), { recursive: true });
    host.write("here/certs/kube-ca.pem", "PEM\n");
    host.write("here/kube_config_cluster.yml", '  server: "https://1.1.1.1:6443"\n');
    host.write("here/cluster.rkestate", "{}\n");
    const script = stepScript("rke-up").replaceAll("/etc/rke-dr", host.at("here"));
    const result = host.step(["rke-up", 1, 1, "primary", "lab", "https://1.1.1.1:6443"], script);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /it didn't wait for master2; it runs once more when they are ready/);
    assert.equal(host.read("runs"), "run\nrun\n");
    assert.equal(host.read("asked").match(/nodes\/master2/g)?.length, 3);
  });
});
