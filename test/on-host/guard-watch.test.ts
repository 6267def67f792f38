import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
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
    const run = host.run("env", [
      `RKE_DR_RUN=${host.folder}`,
      // a hold that never ends fails its test
      "timeout",
      "25",
      "bash",
      host.at("guard/guard-watch.sh"),
      ...(args.length > 0 ? args : ["1"]),
    ]);
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

  describe("with bootHold, on a host that has just booted", () => {
    beforeEach(() => {
      host.write("guard/hold", "");
      // a docker with etcd and kube-apiserver, which run until they are stopped; a file says which
      host.program(
        "docker",
        `#!/bin/bash
cd "$RKE_DR_STATE" || exit
for last; do :; done
case "$*" in
  *State.Running*) [[ $last =~ ^(etcd|kube-apiserver)$ ]] || exit 1; if [[ -e runs-$last ]]; then echo true; else echo false; fi ;;
  inspect*) [[ $last =~ ^(etcd|kube-apiserver)$ ]] ;;
  stop*) echo "$*" >>did; rm -f runs-etcd runs-kube-apiserver ;;
  start*) echo "$*" >>did; touch "runs-$last" ;;
  *) echo "$*" >>did ;;
esac
`,
      );
      for (const name of ["etcd", "kube-apiserver"]) host.write(`runs-${name}`, "");
    });
    const did = (run: { did: string }) => run.did.trim().split("\n");
    const started = ["start etcd", "start kube-apiserver"];
    const stopped = "stop -t 1 kube-apiserver etcd";
    /** The other side is silent until the hold has begun; then `then` happens, and it answers as before or otherwise. */
    const silentUntil = (then: string) => `[[ -s $RKE_DR_STATE/did ]] || { sleep 0.3; exit 255; }; ${then}`;

    it("etcd and the control plane are stopped, and start when a host of the other side answers with no newer epoch", () => {
      const run = round(silentUntil("echo rke-dr lab serves 0"));
      assert.deepEqual(did(run), [stopped, ...started]);
      assert.match(
        run.stdout,
        /bootHold: this host has booted and no host of the other side answers \(root@10\.0\.0\.3:22 root@10\.0\.0\.4:2222\)\. .* wait and serve nothing\..* bash \S+\/guard\/guard-watch\.sh --go-on\n/,
      );
      assert.match(
        run.stdout,
        /the wait is over, root@10\.0\.0\.[34]:22+ answers and knows no newer epoch: etcd and the control plane start/,
      );
      assert.ok(!host.has("guard/held"));
    });

    it("they start at an operator's word while the other side stays silent", () => {
      const run = round(
        silentUntil("bash $RKE_DR_STATE/guard/guard-watch.sh --go-on >>$RKE_DR_STATE/said 2>&1; exit 255"),
      );
      assert.deepEqual(did(run), [stopped, ...started]);
      assert.match(run.stdout, /the wait is over, an operator said so/);
      assert.match(host.read("said"), /start within a few seconds/);
    });

    it("they are set aside, and never started, if a host of the other side serves a newer epoch", () => {
      const run = round(silentUntil("echo rke-dr lab serves 2"));
      assert.deepEqual(
        did(run).filter((line) => line.startsWith("start")),
        [],
      );
      assert.match(run.did, /rename etcd etcd-before-epoch-2/);
      assert.match(run.stdout, /the wait is over, .* serves epoch 2: nothing is started/);
    });

    it("they are not started if an act of another epoch has begun on the host meanwhile", () => {
      const run = round(silentUntil("echo 3 >$RKE_DR_STATE/epoch; exit 255"));
      assert.deepEqual(did(run), [stopped]);
      assert.match(run.stdout, /an act of another epoch has begun here: nothing is started/);
    });

    it("they are stopped again if the runtime starts them later, and what didn't run before isn't started", () => {
      host.program("docker", host.read("docker").replace("start*)", "unused*)"));
      const later = "[[ -s $RKE_DR_STATE/did ]] || { sleep 0.3; exit 255; }";
      const run = round(
        `${later}; [[ -e $RKE_DR_STATE/again ]] || { touch $RKE_DR_STATE/again $RKE_DR_STATE/runs-etcd; sleep 1.5; [[ ! -e $RKE_DR_STATE/runs-etcd ]] && touch $RKE_DR_STATE/held-down; exit 255; }; echo rke-dr lab serves 1`,
      );
      assert.ok(host.has("held-down"), run.did);
    });

    it("a hold that was cut short goes on when the guard starts again", () => {
      host.write("guard/held", "since=1\netcd\n");
      host.write("rke-dr-guard-started", "");
      rmSync(host.at("runs-etcd"));
      rmSync(host.at("runs-kube-apiserver"));
      const run = round("echo rke-dr lab serves 1");
      assert.deepEqual(did(run), ["start etcd"]);
    });

    it("a process that an act of another epoch has started is never stopped by a hold from before", () => {
      // the act begins while the other side is being asked, which takes seconds
      const asked =
        "[[ -e $RKE_DR_STATE/asked ]] || { touch $RKE_DR_STATE/asked; until [[ -s $RKE_DR_STATE/did ]]; do sleep 0.1; done; " +
        "echo 2 >$RKE_DR_STATE/epoch; touch $RKE_DR_STATE/runs-etcd; sleep 2; }; exit 255";
      const run = round(asked);
      assert.deepEqual(did(run), [stopped]);
      assert.ok(host.has("runs-etcd"), "the new epoch's etcd runs");
    });

    it("nothing is stopped while a claim holds the host's lock, which writes the new epoch", () => {
      // 0.3 s after the claim has begun the guard is there; the claim takes 2 s
      host.program(
        "claim",
        "#!/bin/bash\nexec 9>$RKE_DR_STATE/lock; flock -x 9; touch $RKE_DR_STATE/claims; sleep 2; echo 2 >$RKE_DR_STATE/epoch\n",
      );
      const run = host.run("bash", [
        "-c",
        `claim & until [[ -e $RKE_DR_STATE/claims ]]; do sleep 0.05; done
printf '#!/bin/sh\nexit 255\n' >$RKE_DR_STATE/ssh; chmod +x $RKE_DR_STATE/ssh
RKE_DR_RUN=$RKE_DR_STATE bash $RKE_DR_STATE/guard/guard-watch.sh 1; wait`,
      ]);
      assert.equal(host.read("did"), "", run.stderr);
      assert.match(run.stdout, /an act of another epoch has begun here/);
    });

    it("an operator's word isn't forgotten if the guard ends before it has acted on it, and counts for this boot alone", () => {
      const began = "since=1\nepoch=1\netcd\n";
      rmSync(host.at("runs-etcd"));
      rmSync(host.at("runs-kube-apiserver"));
      for (const [file, text] of [
        ["guard/held", began],
        ["guard/go-on", ""],
        ["rke-dr-guard-holds", ""],
      ] as const)
        host.write(file, text);
      const run = round("exit 255");
      assert.deepEqual(did(run), ["start etcd"]);
      assert.match(run.stdout, /the wait is over, an operator said so/);
      // after a boot, the folder of /run is empty
      host.write("did", "");
      host.write("guard/held", began);
      host.write("guard/go-on", "");
      for (const name of ["started", "decided"]) rmSync(host.at(`rke-dr-guard-${name}`));
      const later = round(
        "echo x >>$RKE_DR_STATE/asked; (($(wc -l <$RKE_DR_STATE/asked) > 4)) || exit 255; echo rke-dr lab serves 1",
      );
      assert.match(later.stdout, /the wait is over, root@\S+ answers/);
    });

    it("a guard that ended while it started what it had held starts the rest, and doesn't hold again", () => {
      rmSync(host.at("runs-kube-apiserver"));
      host.write("guard/held", "since=1\nepoch=1\netcd\nkube-apiserver\n");
      host.write("rke-dr-guard-decided", "yes an operator said so\n");
      const run = round("exit 255");
      assert.deepEqual(did(run), started);
      assert.ok(!host.has("guard/held"));
      host.write("did", "");
      rmSync(host.at("rke-dr-guard-started"));
      assert.equal(round("exit 255").did, "", "the hold of this boot is over");
    });

    it("nothing is held if the guard's start isn't that of a boot, or without the file hold", () => {
      host.write("rke-dr-guard-started", "");
      assert.equal(round("exit 255").did, "");
      rmSync(host.at("rke-dr-guard-started"));
      rmSync(host.at("guard/hold"));
      assert.equal(round("exit 255").did, "");
      assert.ok(host.has("rke-dr-guard-started"), "from now on a start of the guard isn't that of a boot");
    });

    it("a kubelet that waits for the guard goes on only when the other side answers", () => {
      host.program("systemctl", "#!/bin/sh\necho inactive\n");
      const run = round(
        "echo x >>$RKE_DR_STATE/asked; (($(wc -l <$RKE_DR_STATE/asked) > 6)) || exit 255; echo rke-dr lab serves 1",
        "--before-others",
      );
      assert.equal(run.status, 0, run.stderr);
      assert.match(run.stdout, /bootHold: this host has booted[\s\S]*the wait is over/);
      // systemd starts the guard itself now, and the kubelet at the same time
      host.write("did", "");
      assert.doesNotMatch(round("exit 255").stdout, /bootHold/);
      assert.doesNotMatch(round("echo rke-dr lab serves 1", "--before-others").stdout, /bootHold/);
      assert.equal(host.read("did"), "");
      assert.ok(host.has("runs-etcd") && !host.has("guard/held"));
    });

    it("--go-on says that nothing is held if nothing is", () => {
      const run = round("exit 255", "--go-on");
      assert.equal(run.status, 1);
      assert.match(run.stderr, /nothing is held on this host/);
    });
  });
});
