import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyDisk } from "../../lab/hosts/disk-copy";
import { loopDevices } from "../../lab/hosts/disk-image";
import { chosenOf } from "../../lab/installers/installers";
import { must, NO_BASHRC, run } from "../../lab/machine/run";
import type { LabState } from "../../lab/state/state";

describe("a copy of a host's disk", function () {
  this.timeout(60_000);
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-disk-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has what lasts, and shares image layers, but no container's", async () => {
    for (const name of [
      "upper",
      "log",
      "docker/overlay2/image",
      "docker/overlay2/own",
      "docker/image/overlay2/layerdb/sha256/1",
    ])
      mkdirSync(at("host", name), { recursive: true });
    for (const [name, text] of [
      ["upper/file", "x"],
      ["off", ""],
      ["keeper.stat", "1"],
      ["docker/overlay2/image/file", "x"],
      ["docker/overlay2/own/file", "x"],
      ["docker/image/overlay2/layerdb/sha256/1/cache-id", "image"],
    ] as const)
      writeFileSync(at("host", name), text);
    await copyDisk(at("host"), at("copy"));
    assert.deepEqual(readdirSync(at("copy")).sort(), ["docker", "upper"]);
    const inode = (...names: string[]) => statSync(at(...names)).ino;
    const layer = (name: string) => ["host", "copy"].map((disk) => inode(disk, "docker/overlay2", name, "file"));
    const [[image, imageCopy], [own, ownCopy]] = [layer("image"), layer("own")];
    assert.equal(image, imageCopy);
    assert.notEqual(own, ownCopy);
  });

  it("shares containerd's images, and has databases of its own", async () => {
    for (const name of ["upper", "containerd/snapshots/1/fs"]) mkdirSync(at("host", name), { recursive: true });
    for (const name of ["snapshots/1/fs/file", "meta.db"]) writeFileSync(at("host/containerd", name), "x");
    await copyDisk(at("host"), at("copy"));
    const inode = (...names: string[]) => statSync(at(...names)).ino;
    assert.equal(inode("host/containerd/snapshots/1/fs/file"), inode("copy/containerd/snapshots/1/fs/file"));
    assert.notEqual(inode("host/containerd/meta.db"), inode("copy/containerd/meta.db"));
  });

  const loops = spawnSync("losetup", ["-f"]).status === 0 ? it : it.skip;
  loops("waits until the kernel has freed the disk's file", async () => {
    mkdirSync(at("host"));
    await must(["truncate", "-s", "1M", at("host/disk.img")]);
    const device = (await must(["losetup", "-f", "--show", at("host/disk.img")])).stdout.trim();
    let freed = false;
    assert.equal(loopDevices(at("host")).length, 1);
    setTimeout(() => {
      freed = true;
      spawnSync("losetup", ["-d", device]);
    }, 700);
    await copyDisk(at("host"), at("copy"));
    assert.ok(freed, "it was copied while the disk was mounted");
  });
});

describe("a bash that the lab starts", () => {
  it("reads no ~/.bashrc, though its stdin is a socket", async () => {
    const home = mkdtempSync(join(tmpdir(), "rke-dr-home-"));
    try {
      writeFileSync(join(home, ".bashrc"), "echo from bashrc\n");
      const env = { PATH: process.env.PATH, HOME: home };
      assert.equal((await run(["bash", "-c", "echo own"], { env })).stdout, "own\n");
      const { SHLVL, ...own } = process.env;
      assert.equal(
        (await run(["env", "-u", "SHLVL", "bash", "-c", "echo own"], { env: { ...own, HOME: home } })).stdout,
        "from bashrc\nown\n",
      );
      assert.deepEqual(NO_BASHRC, { SHLVL: "1" });
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

describe("a host that is set up anew", () => {
  const state = (installer: string, etcd: string, rke?: object) =>
    ({ topology: { installer }, etcd, ...(rke ? { rke } : {}) }) as unknown as LabState;
  const program = { kind: "stand-in", version: "v1.2.7" };
  for (const [installer, etcd, rke, chosen] of [
    ["unit", "3.6", undefined, { etcd: "3.6" }],
    ["kubespray", "3.5", undefined, { etcd: "3.5" }],
    ["rke", "3.4", program, { etcd: "3.4", rke: program }],
    ["kubeadm", "3.6", undefined, {}],
  ] as const) {
    it(`gets what the lab of ${installer} was made with`, () =>
      assert.deepEqual(chosenOf(state(installer, etcd, rke)), chosen));
  }
});
