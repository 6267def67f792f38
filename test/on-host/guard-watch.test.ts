import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("the return guard", () => {
  const host = stateOfEachTest(
    { cluster: "lab\n", epoch: "1\n" },
    {
      // a docker that has all four containers, and none set aside before; what it is asked to do is written down
      docker:
        '#!/bin/bash\ncase "$1 $4" in inspect\\ *-before-*) exit 1;; inspect*) exit 0;; esac; echo "$*" >>$RKE_DR_STATE/did\n',
    },
  );
  beforeEach(() => {
    mkdirSync(host.at("guard"));
    host.write("guard/guard-watch.sh", onHostScript("resident/guard-watch"));
    host.write("guard/targets", "root@10.0.0.3:22\nroot@10.0.0.4:2222\n");
  });

  /** One round; the hosts asked answer by these lines of shell. */
  function round(answers: string, ...args: string[]) {
    host.program("ssh", `#!/bin/bash\ntarget="\${*: -2:1}"; ${answers}\n`);
    const run = host.run("bash", [host.at("guard/guard-watch.sh"), ...(args.length > 0 ? args : ["1"])]);
    return { ...run, did: host.read("did") };
  }

  const nothing: [what: string, answers: string, own?: string][] = [
    ["silence", "exit 255"],
    ["no route", "echo 'ssh: connect to host 10.0.0.3 port 22: No route to host' >&2; exit 255"],
    ["another host key", "echo 'Host key verification failed.' >&2; exit 255"],
    ["a refused key", "echo 'root@10.0.0.3: Permission denied (publickey).' >&2; exit 255"],
    ["the same epoch", "echo rke-dr lab serves 1"],
    ["an older epoch", "echo rke-dr lab serves 0"],
    ["another cluster's newer epoch", "echo rke-dr shop serves 9"],
    ["words around the answer", "echo hello; echo rke-dr lab serves 9"],
    ["an epoch that is no number", "echo rke-dr lab serves '2; reboot'"],
    ["an empty epoch", "echo 'rke-dr lab serves '"],
    ["a newer epoch, on a host that doesn't know its own", "echo rke-dr lab serves 9", ""],
    ["a newer epoch, on a host whose own is garbled", "echo rke-dr lab serves 9", "1 1\n2"],
  ];
  for (const [what, answers, own] of nothing) {
    it(`stops nothing on ${what}`, () => {
      if (own !== undefined) host.write("epoch", own);
      const run = round(answers);
      assert.equal(run.did, "");
      assert.equal(run.status, 0, run.stderr);
      assert.ok(!host.has("quarantine"));
    });
  }

  it("stops the old processes on one host's newer epoch, even if another host is silent", () => {
    const run = round('[[ $target == *10.0.0.4 ]] || exit 255; echo "rke-dr lab serves 2"');
    const names = ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"];
    assert.deepEqual(run.did.trim().split("\n"), [
      `update --restart=no ${names.join(" ")}`,
      `stop -t 1 ${names.join(" ")}`,
      // docker refuses it of one that ends in the same moment, and starts it again at the next boot
      `update --restart=no ${names.join(" ")}`,
      ...names.map((name) => `rename ${name} ${name}-before-epoch-2`),
    ]);
    assert.match(host.read("quarantine"), /^epoch=2\nby=root@10\.0\.0\.4:2222\nat=\d+\n$/);
    assert.match(host.read("log"), /serves epoch 2, this host is at 1: it is put in quarantine/);
  });

  it("stops a process that came back again, and keeps both old containers", () => {
    host.program("docker", '#!/bin/bash\n[[ $1 != inspect ]] || exit 0; echo "$*" >>$RKE_DR_STATE/did\n');
    const run = round("echo rke-dr lab serves 2");
    assert.match(run.did, /rename etcd etcd-before-epoch-2-\d+/);
  });

  it("leaves a host alone that got the newer epoch meanwhile", () => {
    const run = round("echo 2 >$RKE_DR_STATE/epoch; echo rke-dr lab serves 2");
    assert.equal(run.did, "");
  });

  it("asked before others start, it stops the old processes on a newer epoch and ends", () => {
    const run = round("echo rke-dr lab serves 2", "--before-others");
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.did, /rename etcd etcd-before-epoch-2/);
    assert.match(run.stdout, /asked before etcd starts: the other side answers/);
    assert.doesNotMatch(run.stdout, /watches/);
  });

  it("asked before others start, it ends on the same epoch at once, and stops nothing", () => {
    const run = round("echo rke-dr lab serves 1", "--before-others");
    assert.equal(run.did, "");
    assert.doesNotMatch(run.stdout, /nobody answers/);
    assert.equal(run.status, 0, run.stderr);
  });

  it("asked before others start, it ends within 10 s if nobody answers, and stops nothing", function () {
    this.timeout(20_000);
    const began = Date.now();
    const run = round("exit 255", "--before-others");
    assert.equal(run.did, "");
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /nobody answers within 10 s/);
    assert.ok(Date.now() - began < 15_000);
  });

  it("reports silent hosts and stops nothing with `--once`", () => {
    const run = round("[[ $target == *10.0.0.4 ]] || exit 255; echo rke-dr lab serves 7", "--once");
    assert.equal(run.status, 1);
    assert.match(run.stdout, /^7 root@10\.0\.0\.4:2222$/m);
    assert.match(run.stdout, /^- root@10\.0\.0\.3:22 no answer$/m);
    assert.equal(run.did, "");
  });
});
