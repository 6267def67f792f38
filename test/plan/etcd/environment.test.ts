import assert from "node:assert/strict";
import { replaying } from "../../../plan/acts/failover/etcd-sandbox";
import { settingOf, withoutShadowed } from "../../../plan/etcd/environment";
import type { Process } from "../../../plan/runtimes/process";

const process = (cmd: string[], env: string[]): Process => ({
  name: "etcd",
  image: "etcd",
  entrypoint: [],
  cmd,
  env,
  binds: [],
  volumesFrom: [],
  labels: {},
});

describe("etcd's settings in its environment", () => {
  const settings: [string, string[], string[], string | undefined][] = [
    ["stand in the argument", ["--quota-backend-bytes=5"], [], "5"],
    ["stand in the variable", [], ["ETCD_QUOTA_BACKEND_BYTES=6"], "6"],
    ["are not there", ["etcd"], ["QUOTA_BACKEND_BYTES=7", "ETCDCTL_QUOTA_BACKEND_BYTES=8"], undefined],
    ["are empty, which etcd ignores", [], ["ETCD_QUOTA_BACKEND_BYTES="], undefined],
    [
      "stand there twice, of which the last counts",
      [],
      ["ETCD_QUOTA_BACKEND_BYTES=1", "ETCD_QUOTA_BACKEND_BYTES=2"],
      "2",
    ],
  ];
  for (const [words, cmd, env, expected] of settings) {
    it(words, () => assert.equal(settingOf({ entrypoint: [], cmd, env }, "quota-backend-bytes"), expected));
  }

  it("go where a flag says the same, with a value or without", () => {
    const env = ["ETCD_NAME=a", "ETCD_FORCE_NEW_CLUSTER=true", "ETCD_UNSUPPORTED_ARCH=arm64", "ETCDCTL_API=3"];
    assert.deepEqual(
      withoutShadowed({ entrypoint: [], cmd: ["etcd", "--name=a", "--force-new-cluster"], env }).env,
      env.slice(2),
    );
  });

  it("don't shadow the flags of an etcd that replays its WAL, nor make it listen where it has no network", () => {
    const env = [
      "ETCD_LISTEN_METRICS_URLS=http://10.0.0.3:2381",
      "ETCD_BACKEND_BATCH_INTERVAL=1s",
      "ETCD_LOG_LEVEL=info",
    ];
    assert.deepEqual(replaying(process(["etcd"], env), 2, "/var/lib/rancher/etcd").env, ["ETCD_LOG_LEVEL=info"]);
  });
});
