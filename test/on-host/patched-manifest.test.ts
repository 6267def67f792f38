import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
