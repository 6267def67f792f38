import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stepText } from "../../components/steps";
import { stateOfEachTest } from "./host-state";

/** Each other host is a folder of its own, named like its address: paths of the command line lead there. */
const ssh = `#!/bin/bash
target=\${*: -2:1} command=\${*: -1}
[[ $* == *"BatchMode=yes"* && $* == *"StrictHostKeyChecking=yes"* ]] || { echo "must not ask, must check keys" >&2; exit 255; }
own=$RKE_DR_STATE/on/\${target#*@}
if [ -e "$own/down" ]; then echo "ssh: connect to host \${target#*@}: No route to host" >&2; exit 255; fi
if [ -e "$own/source-cut" ] && [[ $command == "cat "* ]]; then sh -c "\${command//"$RKE_DR_STATE"/"$own"}" | head -c 1000; exit 255; fi
if [ -e "$own/cut" ] && [[ $command == *"cat >"* ]]; then head -c 1000 | sh -c "\${command//"$RKE_DR_STATE"/"$own"}"; exit; fi
sh -c "\${command//"$RKE_DR_STATE"/"$own"}"
`;

describe("a snapshot that is brought to the host on which it is restored", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover:a:restore:x\n" }, { ssh });
  const snapshot = "a snapshot\n".repeat(5000);
  const sum = createHash("sha256").update(snapshot).digest("hex");
  const [worker, master] = ["node2=root@10.0.0.5:22", "master3=root@10.0.0.3:22"];
  const on = (address: string, name: string) => {
    const path = host.at(...(address === "here" ? [name] : ["on", address, name]));
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const kept = "epoch-2/brought.db";

  beforeEach(() => {
    for (const address of ["10.0.0.3", "10.0.0.5"]) mkdirSync(host.at("on", address), { recursive: true });
    for (const folder of [".", "on/10.0.0.5"]) host.write(join(folder, "s.db"), snapshot);
  });

  function bring(from: string, to: string, users: string[] = [], path = host.at("s.db"), generation = 1) {
    const text = stepText({ script: "snapshot-bring", data: "", onwardUsers: users });
    return host.run(
      "bash",
      ["-s", "--", "snapshot-bring", "2", String(generation), "failover:a:restore:x", "lab", path, from, to],
      text,
    );
  }

  for (const [what, from, to, at] of [
    ["from a worker to the deploy host", worker, "here", "here"],
    ["from the deploy host to a control plane host", "here", master, "10.0.0.3"],
    ["from a worker to a control plane host, through the deploy host", worker, master, "10.0.0.3"],
  ] as const) {
    it(`is the same there: ${what}`, () => {
      const { status, stdout, stderr } = bring(from, to);
      assert.equal(status, 0, stderr);
      assert.equal(on(at, kept), snapshot);
      assert.equal((JSON.parse(stdout) as { facts: { sha256: string } }).facts.sha256, sum);
      assert.equal(on("here", "s.db"), snapshot);
    });
  }

  it("is read by sudo if the other host's user isn't root", () => {
    host.program("sudo", `#!/bin/sh\necho "$1 $2 $3 $4" >>"$RKE_DR_STATE/by-sudo"\nshift 2\nexec "$@"\n`);
    const { status, stderr } = bring("node2=rke@10.0.0.5:22", "here", ["rke"]);
    assert.equal(status, 0, stderr);
    assert.equal(on("here", kept), snapshot);
    assert.notEqual(on("here", "by-sudo"), undefined);
  });

  it("isn't brought again by a rerun, and is if the copy differs", () => {
    const again = (generation: number) => bring(worker, "here", [], undefined, generation).stderr;
    bring(worker, "here");
    assert.doesNotMatch(again(2), /is brought from/);
    host.write(kept, "another");
    assert.match(again(3), /is brought from node2 to/);
    assert.equal(on("here", kept), snapshot);
  });

  for (const [what, prepare, path, words] of [
    [
      "its host is off",
      () => host.write("on/10.0.0.5/down", ""),
      undefined,
      /s\.db can't be read on node2: ssh: .*No route to host/,
    ],
    [
      "the file is missing",
      () => undefined,
      "/nowhere/x.db",
      /\/nowhere\/x\.db can't be read on node2: .*; is the host on/,
    ],
    ["its path has a quotation mark", () => undefined, "/root/x'y.db", /a path with a quotation mark can't be brought/],
    [
      "the connection to the host that gets it ends half-way",
      () => host.write("on/10.0.0.3/cut", ""),
      undefined,
      /must be the same on master3 as on node2: SHA-256/,
    ],
    [
      "the connection from the host that has it ends half-way",
      () => host.write("on/10.0.0.5/source-cut", ""),
      undefined,
      /can't be brought from node2 to master3/,
    ],
    [
      "the host that gets it has no room",
      () => host.program("df", '#!/bin/sh\nprintf "Avail\\n268435456\\n"\n'),
      undefined,
      /can't be brought to master3: 268490456 bytes must be free below \S+epoch-2, 268435456 are/,
    ],
  ] as const) {
    it(`ends the step with one error if ${what}`, () => {
      prepare();
      const onward = /^the (connection|host)/.test(what);
      const { status, stderr } = bring(worker, onward ? master : "here", [], path);
      assert.equal(status, 1, stderr);
      assert.match(stderr, words);
      for (const name of [kept, `${kept}.new`]) {
        for (const place of ["here", "10.0.0.3"]) assert.equal(on(place, name), undefined, `${name}: ${place}`);
      }
    });
  }
});
