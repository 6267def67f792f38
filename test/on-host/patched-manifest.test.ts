import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { golden } from "../plan/installers/kubeadm/recordings";

const pods = join(__dirname, "../../on-host/runtimes/static-pod/pods.sh");
const inContainer = (key: string, file: string) =>
  execFileSync("bash", ["-c", `set -eu; . ${pods}; in_container ${key}`], {
    input: readFileSync(join(golden, file)),
    encoding: "utf8",
  });

describe("a host reads the container that is named as its pod", () => {
  for (const [file, image, count] of [
    ["kubeadm-patched/etcd.yaml", "    image: registry.k8s.io/etcd:3.6.8-0\n", 20],
    ["kubeadm/live/cp2/etcd.yaml", "    image: registry.k8s.io/etcd:3.6.16-0\n", 21],
  ] as const) {
    it(`${file}: its image and its command`, () => {
      assert.equal(inContainer("image", file), image);
      const [key, program, ...flags] = inContainer("command", file).trimEnd().split("\n");
      assert.deepEqual([key, program, flags.length], ["    command:", "    - etcd", count - 1]);
      assert.ok(flags.every((flag) => flag.startsWith("    - --")));
    });
  }

  it("prints nothing for a key that the container hasn't", () =>
    assert.equal(inContainer("args", "kubeadm-patched/etcd.yaml"), ""));
});

describe("a host's copies of manifests in the kubelet's folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-manifests-"));
  after(() => rmSync(folder, { recursive: true }));

  it("are found whatever their names, but for those that begin with a dot, and for pods that are no part of the control plane", () => {
    const etcd = join(golden, "kubeadm/live/cp2/etcd.yaml");
    for (const name of ["etcd.yaml", "etcd.yaml.bak", "old-etcd.yaml", ".etcd.yaml.swp"])
      copyFileSync(etcd, join(folder, name));
    writeFileSync(join(folder, "kube-vip.yaml"), "metadata:\n  name: kube-vip\n");
    writeFileSync(join(folder, "README"), "not a manifest\n");
    const settings = join(folder, ".config.yaml");
    writeFileSync(settings, `staticPodPath: ${folder}\n`);
    const found = execFileSync("bash", [
      "-c",
      `set -euo pipefail; . ${pods}; kubelet_settings=${settings}; second_manifests`,
    ]);
    assert.equal(`${found}`, `secondManifest=${folder}/etcd.yaml.bak\nsecondManifest=${folder}/old-etcd.yaml\n`);
  });
});
