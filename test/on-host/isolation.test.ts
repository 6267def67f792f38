import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onHostText, stepScript } from "../../on-host";
import { noContainers } from "./host-state";

const has = (program: string) =>
  spawnSync("bash", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]).status === 0;
const why =
  process.getuid?.() !== 0
    ? "not root"
    : ["unshare", "nft", "iptables", "ip", "curl"].filter((program) => !has(program)).join(", ");

/** A step as the program sends it, in a shell function; the script is read from a file. */
const step = (name: string, epoch = 2) =>
  `generation=0
step() { generation=$((generation + 1)); { cat "$here/$1.sh"; printf 'main "$@"; exit\\n@@ end of data\\n'; } | bash -s -- ${name} ${epoch} "$generation" act lab "\${@:2}"; }`;

/**
 * Runs a script in network and mount namespaces of its own, where 10.9.0.1 to 10.9.0.11 are lost hosts and etcd's ports
 * answer at 10.9.1.1. What a step writes to /etc stays there.
 */
function inNamespace(script: string, programs: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-isolation-"));
  try {
    for (const name of ["isolate", "unisolate", "claim"] as const) {
      writeFileSync(join(folder, `${name}.sh`), stepScript(name));
    }
    // the folder of facts.sh is fixed: its section alone, with the state's place put in
    const facts = /isolation_facts\(\) \{[\s\S]*?\n\}/.exec(onHostText("look/facts"))?.[0] ?? "";
    writeFileSync(
      join(folder, "facts.sh"),
      `state=$RKE_DR_STATE\n${onHostText("runtimes/docker")}\n${facts}\nisolation_facts; true\n`,
    );
    for (const [name, text] of Object.entries({ docker: noContainers, ...programs }))
      writeFileSync(join(folder, name), text, { mode: 0o755 });
    const listener = [2379, 2380, 6443].map(
      (port) => `require("net").createServer((s) => s.end("hi")).listen(${port}, "10.9.1.1")`,
    );
    const prelude = `
set -euo pipefail
here=${folder}
export RKE_DR_STATE=$here/state PATH=$here:$PATH:/usr/sbin:/sbin
mount -t tmpfs tmpfs /etc/default
[[ ! -d /run/systemd ]] || mount -t tmpfs tmpfs /run/systemd
ip link set lo up
for n in 1 2 11; do ip address add 10.9.0.$n/32 dev lo; done
ip address add 10.9.1.1/32 dev lo
${JSON.stringify(process.execPath)} -e '${listener.join(";")};process.on("SIGTERM",()=>process.exit())' &
listener=$!
trap 'kill $listener' EXIT
${step("$1")}
answers() { curl -s -o /dev/null --http0.9 --max-time 10 --interface "10.9.0.$1" "http://10.9.1.1:$2" && echo "$1:$2 answers" || echo "$1:$2 ends with $?"; }
for try in $(seq 100); do [[ $(answers 11 6443) != *answers ]] || break; sleep 0.05; done
step claim >/dev/null
`;
    const result = spawnSync("unshare", ["-n", "-m", "bash", "-c", `${prelude}\n${script}`], { encoding: "utf8" });
    assert.equal(result.status, 0, result.stderr + result.stdout);
    return result.stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const suite = why === "" ? describe : describe.skip;
suite(`isolation of a restored etcd${why && ` (skipped: ${why})`}`, () => {
  const look = "answers 1 2379; answers 2 2380; answers 1 6443; answers 11 2379";
  const open = ["1:2379 answers", "2:2380 answers", "1:6443 answers", "11:2379 answers"];
  // curl's 7: refused at once
  const shut = ["1:2379 ends with 7", "2:2380 ends with 7", "1:6443 answers", "11:2379 answers"];

  for (const [by, programs] of [
    ["nft", {}],
    ["iptables, where nft can't", { nft: "#!/bin/sh\nexit 1\n" }],
  ] as const) {
    it(`refuses only the lost hosts and only at etcd's ports, and is undone (${by})`, () => {
      const output = inNamespace(
        `${look}; step isolate 10.9.0.1 10.9.0.2 >/dev/null; ${look}; bash $here/facts.sh; step unisolate >/dev/null; ${look}; bash $here/facts.sh; cat /etc/default/docker; ls $RKE_DR_STATE`,
        programs,
      );
      assert.deepEqual(output.trim().split("\n"), [
        ...open,
        ...shut,
        "firewall=yes",
        "refused=10.9.0.1",
        "refused=10.9.0.2",
        "boot=/etc/default/docker",
        ...open,
        "firewall=yes",
        "act",
        "cluster",
        "epoch",
        "epoch-2",
        "lock",
        "lock.claim",
        "lock.claim.pid",
        "lock.isolate",
        "lock.isolate.pid",
        "lock.unisolate",
        "lock.unisolate.pid",
        "log",
        "steps",
      ]);
    });

    it(`is set up again by docker's init script after the rules are gone (${by})`, () => {
      const output = inNamespace(
        `printf 'DOCKER_OPTS=kept\\n' >/etc/default/docker
        step isolate 10.9.0.1 10.9.0.2 >/dev/null; step isolate 10.9.0.1 10.9.0.2 >/dev/null
        bash $RKE_DR_STATE/isolation/apply remove; bash $RKE_DR_STATE/isolation/apply stands || echo gone; bash $here/facts.sh
        . /etc/default/docker; echo $DOCKER_OPTS; ${look}; bash $RKE_DR_STATE/isolation/apply stands && echo stands
        grep -c apply /etc/default/docker; step unisolate >/dev/null; cat /etc/default/docker`,
        programs,
      );
      assert.deepEqual(output.trim().split("\n"), [
        "gone",
        "firewall=yes",
        "boot=/etc/default/docker",
        "kept",
        ...shut,
        "stands",
        "1",
        "DOCKER_OPTS=kept",
      ]);
    });
  }

  it("comes before any rule that accepts (iptables)", () => {
    const output = inNamespace(
      `iptables -w -A INPUT -p tcp --dport 2379 -j ACCEPT; step isolate 10.9.0.1 >/dev/null; answers 1 2379
      iptables -w -I INPUT 1 -j ACCEPT; answers 1 2379; bash $RKE_DR_STATE/isolation/apply; answers 1 2379`,
      { nft: "#!/bin/sh\nexit 1\n" },
    );
    assert.deepEqual(output.trim().split("\n"), ["1:2379 ends with 7", "1:2379 answers", "1:2379 ends with 7"]);
  });

  it("is a valid systemd unit that starts before docker.service", function () {
    if (!has("systemd-analyze")) this.skip();
    const output = inNamespace(
      `state=$RKE_DR_STATE; source <(sed -n '/^runtime_unit=/p;/^unit()/,/^}/p' "$here/isolate.sh"); isolation=$state/isolation
      step isolate 10.9.0.1 >/dev/null; unit >"$here/rke-dr-isolation.service"
      printf '[Service]\nExecStart=/bin/true\n' >"$here/docker.service"
      systemd-analyze verify --man=no "$here/rke-dr-isolation.service" 2>&1 && echo taken; grep Before "$here/rke-dr-isolation.service"`,
    );
    assert.deepEqual(output.trim().split("\n"), ["taken", "Before=docker.service"]);
  });
});
