import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../../lab/lab";
import { run, until } from "../../lab/machine/run";
import { onRequest } from "../e2e/on-request";

onRequest("kept", "a lab's kept disks", function () {
  this.timeout(600_000);
  const base = mkdtempSync(join(tmpdir(), "rke-dr-kept-"));
  const lab = Lab.open(join(base, "lab"));
  const kept = join(base, "kept");
  const on = async (script: string) => (await lab.execOn("master1", ["bash", "-c", script])).stdout.trim();

  before(async function () {
    this.timeout(1_800_000);
    await lab.up();
  });
  after(async () => {
    await lab.down();
    await run(["rm", "-rf", base]);
  });

  it("aren't kept while a host is on", async () =>
    assert.rejects(lab.keep(kept), /keep: every host must be off, on are .*master1/));

  it("give back files and containers as they were, each time, whatever was done in between", async () => {
    const image = "docker images --format '{{.Repository}}:{{.Tag}}' | grep hyperkube | head -n 1";
    await on(`echo before >/var/lib/rke-lab-test; docker create --name kept "$(${image})" true`);
    const made = await on("docker inspect -f '{{.Id}}' kept");
    assert.match(made, /^[0-9a-f]{64}$/);
    for (const datacenter of ["a", "b"]) await lab.powerOff(datacenter);
    await lab.keep(kept);
    for (let turn = 0; turn < 2; turn++) {
      await lab.down();
      await lab.raiseKept(kept);
      assert.equal(await on("cat /var/lib/rke-lab-test"), "before");
      assert.equal(await on("docker inspect -f '{{.Id}}' kept"), made);
      await on("echo after >/var/lib/rke-lab-test; docker rm kept");
    }
  });
});

onRequest("kept-kubeadm", "a kubeadm lab's kept disks", function () {
  this.timeout(900_000);
  const base = mkdtempSync(join(tmpdir(), "rke-dr-kept-"));
  const lab = Lab.open(join(base, "lab"));
  const kept = join(base, "kept");
  const ready = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}';
  const nodes = async () => {
    const asked = await lab.kubectl(["--request-timeout=5s", "get", "nodes", "-o", `jsonpath=${ready}`]);
    return asked.stdout.trim().split(" ").sort().join(" ");
  };
  const configMap = async () => (await lab.kubectl(["get", "configmap", "kept", "-o", "jsonpath={.data.turn}"])).stdout;

  before(async function () {
    this.timeout(3_600_000);
    await lab.up({ installer: "kubeadm" });
  });
  after(async () => {
    await lab.down();
    await run(["rm", "-rf", base]);
  });

  it("give back a cluster whose kubelets start its pods and whose etcd has what it had, each time", async () => {
    assert.equal((await lab.kubectl(["create", "configmap", "kept", "--from-literal=turn=before"])).code, 0);
    for (const datacenter of ["a", "b"]) await lab.powerOff(datacenter);
    await lab.keep(kept);
    for (let turn = 0; turn < 2; turn++) {
      await lab.down();
      const raised = Date.now();
      await lab.raiseKept(kept);
      const all = "cp1=True cp2=True cp3=True worker1=True worker2=True";
      await until("the Nodes", 180, async () => (await nodes()) === all);
      await until("etcd's data", 60, async () => (await configMap()) === "before");
      console.log(`      up from kept disks after ${((Date.now() - raised) / 1000).toFixed(0)} s`);
      const patch = JSON.stringify({ data: { turn: String(turn) } });
      assert.equal((await lab.kubectl(["patch", "configmap", "kept", "-p", patch])).code, 0);
    }
  });
});
