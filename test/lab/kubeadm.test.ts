import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTopologyFile } from "../../cli/topology-file";
import { initOf } from "../../lab/hosts/host";
import { Lab } from "../../lab/lab";
import { isAlive } from "../../lab/machine/processes";
import { until } from "../../lab/machine/run";
import { readCertificates } from "../../observe/certificates";
import { onHostScript } from "../../on-host";
import { parseFacts } from "../../plan/facts/facts";
import { manifestsInPeace } from "../../plan/installers/kubeadm/site";
import { staticPod } from "../../plan/runtimes/static-pod/static-pod";
import { onRequest } from "../e2e/on-request";
import { nothingLeft } from "./nothing-left";

const FILE = join(__dirname, "../../topologies/kubeadm.yaml");
/** Settings of the whole machine that a kubelet would change. */
const SETTINGS = ["kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom"];
const settings = () => SETTINGS.map((name) => readFileSync(`/proc/sys/${name}`, "utf8").trim());
const flags =
  "--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/peer.crt --key=/etc/kubernetes/pki/etcd/peer.key";

onRequest("kubeadm", "a lab of a kubeadm cluster: real systemd, containerd, kubelet and kubeadm", function () {
  this.timeout(900_000);
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-kubeadm-"));
  const lab = Lab.open(join(parent, "lab"));
  const before_ = settings();
  const names = ["cp1", "cp2", "worker1", "cp3", "worker2"];
  const on = async (host: string, ...argv: string[]) => (await lab.execOn(host, argv)).stdout.trim();
  const nodes = async () => {
    const path = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}';
    const asked = await lab.kubectl(["--request-timeout=5s", "get", "nodes", "-o", `jsonpath=${path}`]);
    return asked.code === 0 ? asked.stdout.trim().split(" ").sort() : [];
  };
  const etcdctl = async (host: string, ...argv: string[]) =>
    on(
      host,
      "bash",
      "-c",
      `crictl exec "$(crictl ps -q --name '^etcd$')" etcdctl ${flags} --command-timeout=5s ${argv.join(" ")}`,
    );
  const ready = names.map((name) => `${name}=True`).sort();

  before(async function () {
    this.timeout(3_600_000); // the first time, Kubernetes is built
    await lab.up({ installer: "kubeadm" });
  });
  after(async () => {
    await lab.down();
    rmSync(parent, { recursive: true });
  });

  it("systemd is each host's first process, and all its units run", async () => {
    for (const host of names) {
      assert.equal(await on(host, "cat", "/proc/1/comm"), "systemd");
      assert.equal(await on(host, "hostname"), `${host}.rke-lab`);
      assert.equal(await on(host, "systemctl", "is-active", "ssh", "containerd", "kubelet"), "active\nactive\nactive");
      assert.equal(await on(host, "systemctl", "list-units", "--failed", "--no-legend", "--plain"), "");
    }
  });

  it("the operator reaches every host by SSH and sees its containers in the lab's status", async () => {
    const { hosts, standIns } = await lab.status();
    assert.deepEqual(
      hosts.map(({ name, power, ssh, runtime, daemon }) => `${name} ${power} ${ssh} ${runtime} ${daemon}`),
      names.map((name) => `${name} on up containerd up`),
    );
    const running = hosts.find(({ name }) => name === "cp3")?.containers.filter(({ state }) => state === "running");
    assert.deepEqual(
      running?.map(({ name }) => name),
      ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    );
    assert.deepEqual(standIns, ["pause image", "pod network between hosts"]);
  });

  it("the API answers, all Nodes are Ready, etcd has three voters", async () => {
    assert.deepEqual(await nodes(), ready);
    const members = (await etcdctl("cp3", "member", "list")).split("\n").map((line) => line.split(", "));
    assert.deepEqual(
      members.map(([, status, name, , , learner]) => `${name} ${status} ${learner}`).sort(),
      ["cp1", "cp2", "cp3"].map((name) => `${name} started false`),
    );
  });

  it("kubeadm's manifests are those that the program renders, byte by byte but for the order of --initial-cluster", async () => {
    const planned = manifestsInPeace(readTopologyFile(FILE));
    const sorted = (text: string) =>
      text.replace(/--initial-cluster=(\S+)/, (_, members: string) => `--initial-cluster=${members.split(",").sort()}`);
    assert.deepEqual(Object.keys(planned).sort(), ["cp1", "cp2", "cp3"]);
    for (const [host, files] of Object.entries(planned))
      for (const [file, text] of Object.entries(files))
        assert.equal(
          sorted(`${await on(host, "cat", `/etc/kubernetes/manifests/${file}`)}\n`),
          sorted(text),
          `${host} ${file}`,
        );
  });

  it("the program's look at a host reads through the static pods: etcd's status, quorum, members, processes and Leases", async () => {
    const look = onHostScript("look/facts", { runtime: "static-pod", installer: "kubeadm" });
    const [file, peer] = ["/var/lib/etcd/tried.db", "https://192.168.31.113:2380"];
    await etcdctl("cp3", "snapshot", "save", file);
    const read = await lab.execOn("cp3", ["bash", "-s", "--", "1", "1.3", "", "", file, peer], { input: look });
    await on("cp3", "rm", file);
    const facts = parseFacts("cp3", read.stdout, Date.now(), readCertificates, staticPod);
    const { etcd, members, processes, newestLease, tools } = facts;
    assert.match(
      `${etcd?.version} ${etcd?.quorum} ${etcd?.learner} ${etcd?.leader}`,
      /^3\.6\.16 true false (true|false)$/,
    );
    assert.ok((etcd?.revision ?? 0) > 100, `${etcd?.revision}`);
    assert.deepEqual(members.map(({ name, started }) => `${name} ${started}`).sort(), [
      "cp1 true",
      "cp2 true",
      "cp3 true",
    ]);
    assert.deepEqual(
      Object.values(processes).map(({ name, status, epoch }) => `${name} ${status} ${epoch}`),
      ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
        (name) => `${name} running undefined`,
      ),
    );
    assert.ok(processes.etcd?.process.entrypoint.includes("--name=cp3"));
    assert.ok(Math.abs((newestLease ?? 0) - Date.now()) < 60_000, `${newestLease}`);
    assert.match(tools.runtime, /^1\.\d+/);
    const [source] = facts.files;
    assert.deepEqual([source?.path, source?.state], [file, "whole"]);
    assert.ok((source?.revision ?? 0) > 100, JSON.stringify(source));
  });

  it("no setting of the machine has changed", () => assert.deepEqual(settings(), before_));

  it("etcd is set aside by the runtime static-pod, isn't started by the kubelet, and serves again when it is put back", async () => {
    const shell = async (commands: string) => {
      const prelude = `set -euo pipefail\ndie() { echo "died: $*" >&2; exit 9; }\n${onHostScript("runtimes/static-pod")}\n`;
      const ran = await lab.execOn("cp3", ["bash", "-s"], { input: `${prelude}${commands}\n` });
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      return ran.stdout.trim();
    };
    const manifest = () => on("cp3", "cat", "/etc/kubernetes/manifests/etcd.yaml");
    const before = await manifest();
    await shell("process_set_aside etcd etcd-before-epoch-2 0");
    assert.equal(await on("cp3", "systemctl", "is-active", "kubelet"), "active");
    await on("cp3", "systemctl", "restart", "kubelet");
    assert.equal(
      await shell("process_status etcd-before-epoch-2; echo $status; process_status etcd; echo $status"),
      "exited\nmissing",
    );
    assert.equal(await shell("pgrep -x etcd || echo none"), "none");
    const started = Date.now();
    await shell("process_rename etcd-before-epoch-2 etcd; process_start etcd");
    await until("etcd", 60, async () => (await etcdctl("cp3", "endpoint", "health")).includes("is healthy"));
    console.log(`      etcd serves after ${((Date.now() - started) / 1000).toFixed(1)} s`);
    assert.equal(await manifest(), before);
    await until("cp3's API server", 90, async () => (await nodes()).join() === ready.join());
  });

  it("static pods start at once while etcd is set aside, if kube-apiserver was ended with it", async () => {
    const shell = async (commands: string) => {
      const prelude = `set -euo pipefail\ndie() { echo "died: $*" >&2; exit 9; }\n${onHostScript("runtimes/static-pod")}\n`;
      const ran = await lab.execOn("cp3", ["bash", "-s"], { input: `${prelude}${commands}\n`, timeoutSeconds: 200 });
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    };
    await shell("runtime_hold; process_set_aside etcd etcd-before-epoch-3 2; runtime_release kube-apiserver");
    const started = Date.now();
    // else the kubelet waits for a kube-apiserver that has no etcd any more
    await shell("process_restart 2 kube-scheduler");
    const seconds = (Date.now() - started) / 1000;
    console.log(`      kube-scheduler starts again after ${seconds.toFixed(1)} s`);
    assert.ok(seconds < 30, `${seconds} s`);
    await shell(
      "runtime_hold; process_rename etcd-before-epoch-3 etcd; process_start etcd; runtime_release kube-apiserver",
    );
    await until("etcd", 60, async () => (await etcdctl("cp3", "endpoint", "health")).includes("is healthy"));
    await until("cp3's API server", 90, async () => (await nodes()).join() === ready.join());
  });

  it("a killed etcd comes back by itself", async () => {
    await lab.kill("cp3", "etcd");
    await until("etcd", 60, async () => (await etcdctl("cp3", "endpoint", "health")).includes("is healthy"));
    await lab.heal();
    assert.deepEqual((await lab.status()).faults, []);
  });

  it("a frozen host accepts connections and answers nothing; after heal its API server answers again", async () => {
    const api = async () =>
      (await lab.execOn("cp3", ["curl", "-sk", "-m", "5", "-o", "/dev/null", "https://192.168.31.112:6443/livez"]))
        .code;
    await lab.freeze("cp2");
    assert.deepEqual((await lab.status()).faults, ["freeze cp2"]);
    assert.equal(await api(), 28, "curl's code for a time limit that was reached");
    await lab.heal();
    await until("cp2's API server", 60, async () => (await api()) === 0);
  });

  it("datacenter a without power: no quorum; with power again the cluster comes back with its data", async () => {
    assert.equal((await lab.kubectl(["create", "configmap", "before", "--from-literal=k=v"])).code, 0);
    const inits = ["cp1", "cp2", "worker1"].map((host) => initOf(lab.place, host));
    await lab.powerOff("a");
    assert.deepEqual(inits.map(isAlive), [false, false, false]);
    await until(
      "etcd without a leader",
      60,
      async () =>
        (
          await lab.execOn("cp3", [
            "bash",
            "-c",
            `crictl exec "$(crictl ps -q --name '^etcd$')" etcdctl ${flags} --command-timeout=3s get x`,
          ])
        ).code !== 0,
    );
    await lab.powerOn("a");
    await until("the Nodes", 300, async () => (await nodes()).join() === ready.join());
    assert.equal((await lab.kubectl(["get", "configmap", "before", "-o", "jsonpath={.data.k}"])).stdout, "v");
    assert.deepEqual(settings(), before_);
  });

  it("down leaves nothing", async () => {
    await lab.down();
    await nothingLeft(lab);
    assert.deepEqual(settings(), before_);
  });
});
