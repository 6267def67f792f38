import assert from "node:assert/strict";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

const controlPlane = ["cp1", "cp2", "cp3"];
const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

onRequest("kubeadm-adopted", "stack primary for a cluster that kubeadm made", function () {
  this.timeout(900_000);
  const world = new World();
  let workspace: Workspace;
  let found: string;

  const up = (...args: string[]) =>
    world.pulumi(workspace, "up", "--yes", "--skip-preview", "--stack", "primary", ...args);
  /** Every container of a host with its attempt and process, and the processes and restarts of what starts them. */
  const running = async (host: string) =>
    `${host} ${await world.on(
      host,
      `crictl ps -q | xargs -r -n 1 crictl inspect -o go-template --template '{{.status.metadata.name}} {{.status.metadata.attempt}} {{.info.pid}} {{.status.startedAt}}' | sort
      systemctl show -P MainPID -P NRestarts -P ActiveEnterTimestamp kubelet containerd`,
    )}`;
  const all = async () => (await Promise.all(world.lab.hosts().map(({ name }) => running(name)))).join("\n");
  const etcds = (host: string) => world.on(host, "crictl ps --name '^etcd$' -q | wc -l");

  before(async function () {
    this.timeout(3_600_000);
    await world.lab.up({ installer: "kubeadm" });
    workspace = await world.lab.project();
  });
  after(() => world.lab.down());

  it("preview shows what up would do, and stops at nothing", async () => {
    const { code, all: told } = await world.pulumi(workspace, "preview", "--stack", "primary");
    assert.equal(code, 0, told);
    assert.doesNotMatch(told, /STOP/);
    assert.match(told, /ok +the cluster meant/);
  });

  it("up restarts nothing: containers, their processes and restarts, kubelets and containerds are those of before", async () => {
    found = await all();
    assert.equal(found.match(/^(\S+ )?etcd \d+ \d+/gm)?.length, 3, found);
    const { code, all: told } = await up();
    assert.equal(code, 0, told);
    assert.equal(await all(), found);
    console.log(`      before and after:\n${found.replace(/^/gm, "      ")}`);
  });

  it("each control plane host has the return guard, and each deploy host a snapshot of the other side's voter", async () => {
    for (const host of controlPlane)
      assert.equal(await world.on(host, "systemctl is-active rke-dr-process-rke-dr-guard"), "active");
    for (const [host, others] of [
      ["cp1", /"host":"cp3"/],
      ["cp3", /"host":"cp[12]"/],
    ] as const)
      assert.match(await world.on(host, "cat /var/lib/rke-dr/snapshots/etcd-*.json"), others);
  });

  it("a second up finds nothing to do", async () => {
    const { code, all: told } = await up("--expect-no-changes");
    assert.equal(code, 0, told);
  });

  it("a host that comes back to a silent other side starts etcd after 10 s of asking", async () => {
    await world.lab.powerOff("cp3");
    await world.lab.powerOff("cp1");
    await world.lab.powerOn("cp1");
    await until("etcd on cp1", 90, async () => (await etcds("cp1")) === "1");
    assert.match(
      await world.on("cp1", "cat /var/lib/rke-dr/log"),
      /asked before etcd starts: nobody answers within 10 s/,
    );
    await world.lab.powerOn("cp3");
    await until("etcd on cp3", 90, async () => (await etcds("cp3")) === "1");
    await until("SSH from cp1 to cp3", 60, () =>
      world.holds("cp1", "bash /var/lib/rke-dr/guard/guard-watch.sh --once"),
    );
  });

  it("hosts that come back when the other side serves a newer epoch never start etcd: manifests are away before the kubelet starts", async () => {
    await world.lab.powerOff("a");
    await world.on("cp3", "echo 2 >/var/lib/rke-dr/serves");
    await world.lab.powerOn("a");
    for (const host of ["cp1", "cp2"]) {
      await until(`${host} in quarantine`, 90, () => world.holds(host, "test -e /var/lib/rke-dr/quarantine"));
      await until(`${host}'s kubelet`, 60, () => world.holds(host, "systemctl is-active kubelet"));
      assert.equal(await world.on(host, "ls /etc/kubernetes/manifests"), "");
      assert.deepEqual(
        (await world.on(host, "ls /var/lib/rke-dr/pods | grep 'before-epoch-2.yaml'")).split("\n"),
        names.map((name) => `${name}-before-epoch-2.yaml`),
      );
      // none has begun since the boot, not even for a moment
      const booted = Number(await world.on(host, 'date -d "$(ps -o lstart= -p 1)" +%s'));
      const starts = await world.on(
        host,
        `for id in $(crictl ps -a -q); do crictl inspect -o go-template --template '{{.status.startedAt}}' "$id"; done`,
      );
      for (const start of starts.split("\n").filter((line) => line !== ""))
        assert.ok(Date.parse(start) / 1000 < booted, `${host}: ${start} after ${booted}`);
      console.log(`      ${await world.on(host, "grep return-guard /var/lib/rke-dr/log | tail -n 4")}`);
    }
  });
});
