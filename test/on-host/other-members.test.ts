import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stepScript } from "../../on-host";
import type { StepName } from "../../plan/steps/names";
import { stateOfEachTest } from "./host-state";

/** Containers are files in `containers`: a name, and behind it what `docker inspect` prints. */
const docker = `#!/bin/sh
dir=$RKE_DR_STATE/containers
for last in "$@"; do :; done
echo "$@" >>$RKE_DR_STATE/ran
case $1 in
  inspect) cat "$dir/$last" 2>/dev/null || { echo "Error: No such container: $last"; exit 1; } ;;
  rename) mv "$dir/$2" "$dir/$3" ;;
esac
`;
const curl = `#!/bin/sh
case "$*" in *--data-binary*) cat >/dev/null ;; esac
case "$*" in
  *containers/create*) printf -- '--etcd-servers=new\\n' >$RKE_DR_STATE/containers/kube-apiserver; printf '\\n201' ;;
  *) echo ok ;;
esac
`;
const act = "failover:a:forceNewCluster:b1";

const kubeadm = { runtime: "static-pod", installer: "kubeadm" } as const;
/** The runtime's functions note how they were called; an etcd runs. */
const noted = `process_status() { [[ $1 == etcd ]] && status=running || status=missing; }
process_keep_description() { :; }
${Object.entries({
  runtime_hold: "hold",
  runtime_release: "release",
  process_set_aside: "aside",
  process_create: "create",
  process_start: "start",
})
  .map(([name, as]) => `${name}() { printf '%s\\n' "${as}${as === "hold" ? "" : " $*"}" >>"$RKE_DR_STATE/ran"; }`)
  .join("\n")}`;

describe("the other survivors' steps of a failover", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: `${act}\n` }, { docker, curl });
  beforeEach(() => mkdirSync(host.at("containers")));

  const container = (name: string, text = "running\n") => writeFileSync(host.at("containers", name), text);
  const containers = () => readdirSync(host.at("containers")).sort();
  const run = (step: StepName, args: string[] = [], data = "", generation = 1) =>
    host.step([step, 2, generation, act, "lab", ...args], stepScript(step), data);

  describe("etcd-aside", () => {
    it("stops etcd, renames it and turns its restart off, and leaves its data where it is", () => {
      container("etcd");
      const result = run("etcd-aside");
      assert.equal(result.status, 0, result.stderr);
      assert.deepEqual(containers(), ["etcd-before-epoch-2"]);
      assert.match(host.read("ran"), /update --restart=no etcd\nstop -t 2 etcd\nrename etcd etcd-before-epoch-2/);
      assert.doesNotMatch(result.stderr, /data moved/);
    });

    it("ends the kube-apiserver that asks this etcd alone with it, before the kubelet starts again", () => {
      const result = host.step(["etcd-aside", 2, 1, act, "lab"], `${stepScript("etcd-aside", kubeadm)}\n${noted}`);
      assert.equal(result.status, 0, result.stderr);
      assert.equal(host.read("ran"), "hold\naside etcd etcd-before-epoch-2 2\nrelease kube-apiserver\n");
    });

    it("leaves the member alone that has joined since", () => {
      container("etcd");
      run("etcd-aside");
      container("etcd", "running as a member of the recovered cluster\n");
      assert.equal(run("etcd-aside", [], "", 2).status, 0);
      assert.deepEqual(containers(), ["etcd", "etcd-before-epoch-2"]);
    });

    it("also where there was no etcd to stop when it ran first", () => {
      assert.match(run("etcd-aside").stderr, /no container etcd is here/);
      container("etcd");
      run("etcd-aside", [], "", 2);
      assert.deepEqual(containers(), ["etcd"]);
    });
  });

  describe("etcd-servers", () => {
    it("recreates a kube-apiserver that has other servers, and keeps the old one", () => {
      container("kube-apiserver", "--etcd-servers=old\n");
      const result = run("etcd-servers", ["new"], "{}");
      assert.equal(result.status, 0, result.stderr);
      assert.equal(readFileSync(host.at("containers", "kube-apiserver"), "utf8"), "--etcd-servers=new\n");
      assert.equal(containers().filter((name) => /^kube-apiserver-before-join-\d{8}T\d{6}Z$/.test(name)).length, 1);
    });

    it("leaves one alone that has them, even if an old one had a longer list", () => {
      container("kube-apiserver", "--etcd-servers=new\n");
      assert.equal(run("etcd-servers", ["new"], "{}").status, 0);
      assert.deepEqual(containers(), ["kube-apiserver"]);
      container("kube-apiserver", "--etcd-servers=new,old\n");
      run("etcd-servers", ["new"], "{}", 2);
      assert.equal(containers().length, 2);
    });

    it("goes on if it was killed after the old one was set aside", () => {
      assert.equal(run("etcd-servers", ["new"], "{}").status, 0);
      assert.deepEqual(containers(), ["kube-apiserver"]);
    });
  });

  describe("claim", () => {
    const plan = () => host.read("epoch-2/plan");
    const claim = (data: string, generation: number) => assert.equal(run("claim", [], data, generation).status, 0);

    it("keeps its decisions once the act has begun, but learns which hosts are given up", () => {
      claim("source=b1\nsteps=a b", 1);
      container("etcd-before-epoch-2");
      claim("source=b2\nleftOut=b3\nsteps=c", 2);
      assert.equal(plan(), "source=b1\nsteps=a b\nleftOut=b3\n");
      claim("source=b2\nleftOut=b3 b4", 3);
      assert.equal(plan(), "source=b1\nsteps=a b\nleftOut=b3 b4\n");
      claim("source=b2", 4);
      assert.equal(plan(), "source=b1\nsteps=a b\nleftOut=b3 b4\n");
    });

    it("decides anew before that", () => {
      claim("source=b1\nleftOut=b3", 1);
      claim("source=b2", 2);
      assert.equal(plan(), "source=b2\n");
      assert.ok(existsSync(host.at("epoch")));
    });
  });

  it("etcd-join begins such a kube-apiserver anew with etcd, so that the kubelet waits for none", () => {
    const starts = 'main() { begin "$@"; mkdir() { :; }; start pod:body; finish; }';
    const script = `${stepScript("etcd-join", kubeadm)}\n${noted}\n${starts}`;
    const result = host.step(["etcd-join", 2, 1, act, "lab"], script);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(host.read("ran"), "hold\ncreate etcd pod:body\nstart etcd\nrelease kube-apiserver\n");
  });

  it("etcd-leave changes nothing without a quorum", () => {
    host.program("curl", "#!/bin/sh\nexit 7\n");
    const quickly = 'until_true() { shift; "$@"; }';
    const args = [
      "etcd-leave",
      2,
      1,
      act,
      "lab",
      "kube-etcd-1",
      "image",
      "https://127.0.0.1:1",
      "https://10.0.0.2:2380",
    ];
    const result = host.step(args, `${stepScript("etcd-leave")}\n${quickly}`);
    assert.equal(result.status, 1);
    assert.match(result.stderr, /there is no majority; nothing was changed/);
    assert.equal(host.read("ran"), "");
  });
});
