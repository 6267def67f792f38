import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onHostScript, stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("purge of what acts have set aside on a host", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "5\n", act: "primary\n", containers: "" },
    {
      docker: `#!/bin/sh
case "$1" in
  ps) cat $RKE_DR_STATE/containers ;;
  inspect) echo exited ;;
  rm) shift; for name; do sed -i "/^$name$/d" $RKE_DR_STATE/containers; done ;;
esac
`,
    },
  );
  const moved = (script: string) =>
    script.replaceAll("/var/lib/etcd/", `${host.at("etcd")}/`).replaceAll("/etc/rke-dr/", `${host.at("deploy")}/`);

  function put(name: string, bytes = 100): void {
    mkdirSync(dirname(host.at(name)), { recursive: true });
    writeFileSync(host.at(name), Buffer.alloc(bytes));
  }
  /** As a restore leaves it where etcd has a disk of its own. */
  function onOwnDisk(epoch: number): void {
    put(`etcd/before-epoch-${epoch}/member/snap/db`, 100_000);
    mkdirSync(host.at(`epoch-${epoch}`), { recursive: true });
    symlinkSync(host.at(`etcd/before-epoch-${epoch}`), host.at(`epoch-${epoch}/data`));
  }
  const purge = (newest: number) => host.step(["purge", 5, 1, "primary", "lab", newest], moved(stepScript("purge")));
  /** As facts.sh asks it: EPOCH BYTES PATH. */
  const listed = () =>
    host
      .run("bash", ["-c", `set -uo pipefail; state=$RKE_DR_STATE\n${moved(onHostScript("lib/aside"))}\naside_files`])
      .stdout.trim()
      .split("\n")
      .map((line) => line.replace(`${host.folder}/`, "").split(" "));

  it("deletes etcd's old data on its own disk with its epoch, and reports its size before", () => {
    onOwnDisk(2);
    onOwnDisk(4);
    const told = listed();
    assert.deepEqual(
      told.map(([epoch, , path]) => [epoch, path]),
      [
        ["2", "etcd/before-epoch-2"],
        ["4", "etcd/before-epoch-4"],
      ],
    );
    assert.ok(told.every(([, bytes]) => Number(bytes) > 100_000));
    const result = purge(3);
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(readdirSync(host.at("etcd")), ["before-epoch-4"]);
    assert.deepEqual(readdirSync(host.at("epoch-2")), []);
    assert.ok(existsSync(host.at("epoch-4/data/member/snap/db")));
    assert.ok(Number(JSON.parse(result.stdout).facts.freedBytes) > 100_000);
    assert.match(result.stderr, /of what epochs up to 3 set aside nothing is left/);
  });

  it("keeps a container's description before deleting it if a killed run hadn't", () => {
    host.write("containers", "etcd-before-epoch-2\nkube-apiserver-before-epoch-2\n");
    mkdirSync(host.at("epoch-2"));
    host.write("epoch-2/kube-apiserver-before-epoch-2.container", "kept before\n");
    host.program(
      "docker",
      host
        .read("docker")
        .replace("inspect) echo exited", 'inspect) case "$*" in *json*) echo "{described}" ;; *) echo exited ;; esac'),
    );
    const result = purge(3);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(host.read("containers"), "");
    assert.equal(host.read("epoch-2/etcd-before-epoch-2.container"), "{described}\n");
    assert.equal(host.read("epoch-2/kube-apiserver-before-epoch-2.container"), "kept before\n");
  });

  it("first stops a set-aside container that docker would restart", () => {
    host.write("containers", "etcd-before-epoch-2\netcd-before-epoch-3\n");
    host.program(
      "docker",
      host
        .read("docker")
        .replace(
          "inspect) echo exited",
          'stop) echo "$*" >>$RKE_DR_STATE/stopped ;;\n  inspect) case "$*" in *epoch-2*) echo restarting ;; *) echo exited ;; esac',
        ),
    );
    const result = purge(3);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(host.read("stopped"), "stop -t 1 etcd-before-epoch-2\n");
    assert.equal(host.read("containers"), "");
  });

  it("leaves data that the operator has moved elsewhere, and reports it", () => {
    put("elsewhere/member/snap/db");
    mkdirSync(host.at("epoch-2"));
    symlinkSync(host.at("elsewhere"), host.at("epoch-2/data"));
    const result = purge(3);
    assert.equal(result.status, 0, result.stderr);
    assert.ok(existsSync(host.at("epoch-2/data/member/snap/db")));
    assert.match(result.stderr, /not deleted, since somebody put it where no act does: .*elsewhere/);
    assert.doesNotMatch(result.stderr, /nothing is left/);
  });

  it("deletes folders, snapshots and a deploy host's old files, and keeps the records of steps", () => {
    const gone = [
      "epoch-2/data/member/snap/db",
      "epoch-2/snapshot.db",
      "epoch-2/brought.db",
      "epoch-2/brought.db.new",
      "epoch-3/etcd-data-20260101T000000Z/member/wal/0.wal",
      "etcd/rke-dr-epoch-3/etcd-data/member/snap/db",
      "deploy/cluster.yml.before-epoch-2",
    ];
    const kept = [
      "epoch-2/plan",
      "epoch-4/snapshot.db",
      "etcd/member/snap/db",
      "deploy/cluster.yml",
      "deploy/x.before-epoch-4",
    ];
    for (const name of [...gone, ...kept]) put(name);
    assert.equal(purge(3).status, 0);
    assert.deepEqual(
      [...gone, ...kept].filter((name) => host.has(name)),
      kept,
    );
  });

  it("deletes containers with the epoch that set them aside, or with the newest if none is recorded", () => {
    const noted = "etcd-before-join-20260101T000000Z";
    const later = "etcd-before-join-20260201T000000Z";
    const unknown = "etcd-before-join-20260301T000000Z";
    const names = ["etcd", "etcd-before-epoch-2", "kube-apiserver-before-epoch-4", noted, later, unknown];
    host.write("containers", `${names.join("\n")}\n`);
    put(join("epoch-3", `${noted}.container`));
    put(join("epoch-5", `${later}.container`));
    const left = () => host.read("containers").trim().split("\n");
    assert.equal(purge(3).status, 0);
    assert.deepEqual(left(), ["etcd", "kube-apiserver-before-epoch-4", later, unknown]);
    assert.equal(purge(5).status, 0);
    assert.deepEqual(left(), ["etcd"]);
  });
});
