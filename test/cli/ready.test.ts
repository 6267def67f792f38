import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { newKey } from "../reach/ssh-server";

describe("npm run ready", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-ready-"));
  after(() => rmSync(folder, { recursive: true }));

  it("prints JSON and nothing else with --json, also while it runs the fence tests", () => {
    writeFileSync(join(folder, "key"), newKey(), { mode: 0o600 });
    const host = (name: string, address: string) => ({
      name,
      address,
      roles: ["controlplane", "etcd", "worker"],
      hostKey: "unpinned",
    });
    const topology = {
      cluster: "lab",
      kubernetesVersion: "v1.20.5-rancher1-1",
      standby: "b",
      // nobody listens there
      ssh: { user: "root", port: 1, keyPath: join(folder, "key") },
      fenceTest: { one: "echo power is on; echo so it is >&2" },
      datacenters: [
        { name: "a", deployHost: "one", hosts: [host("one", "127.0.0.2"), host("two", "127.0.0.3")] },
        { name: "b", deployHost: "three", hosts: [host("three", "127.0.0.4")] },
      ],
    };
    writeFileSync(join(folder, "topology.yaml"), stringify(topology));
    const command = ["--import", "tsx", join(__dirname, "../../cli/ready.ts"), "--json", "--fence-test"];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...command, "--topology", join(folder, "topology.yaml")],
      { encoding: "utf8" },
    );
    const { ready, fenceTests } = JSON.parse(stdout) as {
      ready: boolean;
      fenceTests: { host: string; exit: number }[];
    };
    assert.deepEqual([status, ready, fenceTests.map((f) => [f.host, f.exit])], [2, false, [["one", 0]]]);
    assert.match(stderr, /^fence one: power is on$/m);
    assert.match(stderr, /^fence one: so it is$/m);
  });
});
