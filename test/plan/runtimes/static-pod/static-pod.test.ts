import assert from "node:assert/strict";
import { parse } from "yaml";
import { readTopologyFile } from "../../../../cli/topology-file";
import { manifestsInPeace } from "../../../../plan/installers/kubeadm/site";
import type { Process } from "../../../../plan/runtimes/process";
import { staticPod } from "../../../../plan/runtimes/static-pod/static-pod";
import { read } from "../../installers/kubeadm/recordings";

/** As on-host/runtimes/static-pod.sh prints a process. */
const line = (manifest: string, more: object = {}) =>
  JSON.stringify({
    name: "etcd",
    status: "running",
    restarts: 2,
    startedAt: "2026-11-29T02:00:00.123456789Z",
    manifest: Buffer.from(manifest).toString("base64"),
    ...more,
  });
const decoded = (spec: string) => {
  const [kind, rest = ""] = spec.split(":");
  return { kind, words: rest.split(",").map((word) => Buffer.from(word, "base64").toString()) };
};
const web: Process = {
  name: "web",
  image: "r/web:1",
  entrypoint: ["sh", "-c"],
  cmd: ["echo 'a: b'; exit 1"],
  env: ["GREETING=hello=you"],
  binds: ["/srv/data:/data", "/etc/web:/etc/web:ro,z"],
  volumesFrom: [],
  labels: { "rke-dr.tried": "1" },
};

describe("runtime static-pod", () => {
  const etcd = manifestsInPeace(readTopologyFile("topologies/kubeadm.yaml")).cp1?.["etcd.yaml"] ?? "";

  it("reads kubeadm's own manifest: command, mounts, labels; no act has made it", () => {
    const found = staticPod.read(line(etcd));
    assert.deepEqual([found.name, found.status, found.restarts, found.epoch], ["etcd", "running", 2, undefined]);
    assert.equal(found.process.image, "registry.k8s.io/etcd:3.6.16-0");
    assert.deepEqual(found.process.entrypoint.slice(0, 1), ["etcd"]);
    assert.ok(found.process.entrypoint.includes("--data-dir=/var/lib/etcd"));
    assert.deepEqual(found.process.binds, [
      "/var/lib/etcd:/var/lib/etcd",
      "/etc/kubernetes/pki/etcd:/etc/kubernetes/pki/etcd",
    ]);
    assert.deepEqual(found.process.labels, { component: "etcd", tier: "control-plane" });
  });

  it("a spec made from kubeadm's manifest changes the command and adds the epoch, and nothing else", () => {
    const found = staticPod.read(line(etcd));
    const entrypoint = [...found.process.entrypoint, "--force-new-cluster=true"];
    const { kind, words } = decoded(staticPod.spec({ ...found.process, entrypoint }, 4, { base: found }));
    const [made, before] = [parse(words[0] ?? ""), parse(etcd)];
    assert.equal(kind, "pod");
    before.spec.containers[0].command = entrypoint;
    before.metadata.annotations["rke-dr.epoch"] = "4";
    assert.deepEqual(made, before);
  });

  describe("with a manifest that kubeadm has patched and an operator has edited", () => {
    const edited = read("kubeadm-patched/etcd.yaml")
      .replace("  hostNetwork: true\n", "  hostNetwork: on\n  terminationGracePeriodSeconds: 036\n")
      .replace("    component: etcd\n", "    component: etcd\n    own: &own mine\n    same: *own\n");
    const found = staticPod.read(line(edited));

    it("reads etcd's own container, wherever it stands", () =>
      assert.deepEqual(
        [found.process.image, found.process.entrypoint[0], found.process.env],
        ["registry.k8s.io/etcd:3.6.8-0", "etcd", ["POD_IP="]],
      ));

    it("changes etcd's command alone: other containers, variables and edits stay as the kubelet reads them", () => {
      const entrypoint = [...found.process.entrypoint, "--force-new-cluster=true"];
      const made = parse(decoded(staticPod.spec({ ...found.process, entrypoint }, 4, { base: found })).words[0] ?? "");
      const before = parse(read("kubeadm-patched/etcd.yaml"));
      before.spec.terminationGracePeriodSeconds = 30;
      before.spec.containers[1].command = entrypoint;
      before.metadata.annotations["rke-dr.epoch"] = "4";
      Object.assign(before.metadata.labels, { own: "mine", same: "mine" });
      assert.deepEqual(made, before);
    });
  });

  it("a process of its own comes back from its manifest as it was planned", () => {
    const { words } = decoded(staticPod.spec(web, 4));
    const found = staticPod.read(line(words[0] ?? "", { name: "web" }));
    assert.equal(found.epoch, 4);
    assert.deepEqual(found.process, { ...web, binds: ["/srv/data:/data", "/etc/web:/etc/web:ro"] });
    assert.deepEqual(staticPod.differs({ ...web, cmd: ["true"] }, found.process).slice(0, 2), [
      "- true",
      "+ echo 'a: b'; exit 1",
    ]);
  });

  it("`once`: the kubelet starts it once", () => {
    const manifest = (once: boolean) => parse(decoded(staticPod.spec(web, 4, { once })).words[0] ?? "");
    assert.deepEqual([manifest(true).spec.restartPolicy, manifest(false).spec.restartPolicy], ["Never", undefined]);
  });

  it("a process without network is no pod: its spec holds the arguments of run_alone", () => {
    const { kind, words } = decoded(staticPod.spec(web, 4, { isolated: true }));
    assert.equal(kind, "unit");
    assert.deepEqual(words, [
      ...["r/web:1", "sh", "--name", "web", "--env", "GREETING=hello=you", "--mark", "rke-dr.tried"],
      ...["--write", "/srv/data:/data", "--read", "/etc/web:/etc/web", "--", "-c", "echo 'a: b'; exit 1"],
    ]);
  });

  it("a unit's command is all that is read of it", () => {
    const command = Buffer.from("bash\n/var/lib/rke-dr/guard/watch.sh\n").toString("base64");
    const found = staticPod.read(line("", { name: "rke-dr-guard", manifest: undefined, command }));
    assert.deepEqual([found.name, found.status], ["rke-dr-guard", "running"]);
    assert.deepEqual(found.process.entrypoint, ["bash", "/var/lib/rke-dr/guard/watch.sh"]);
  });

  it("a cut line is refused", () => assert.throws(() => staticPod.read(line(etcd).slice(0, 50)), SyntaxError));
});
