import assert from "node:assert/strict";
import { planFailover } from "../../../../plan/acts/failover/failover";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { argument } from "../../../../plan/runtimes/process";
import type { Topology } from "../../../../plan/topology/topology";
import { afterLossOfA } from "../../worlds/observations";
import { ready } from "../../worlds/settings";
import { raw, seed, seedHosts } from "../../worlds/topologies";

const two = (): Topology =>
  parseTopology(raw({ ...seedHosts, b: { ...seedHosts.b, node2: ["192.168.31.105", ["controlplane", "worker"]] } }));

describe("kube-apiserver is recreated while etcd recovers", () => {
  const own = ["192.168.31.103"];
  /** On its own host it is sent together with the step that recovers etcd, both beside the one that secures the source. */
  const together = (source: string, recovery: string, limit: number, ...claims: string[]) => ({
    after: [source, "claim-master3", ...claims],
    beside: [source],
    arguments: [recovery, ...own],
    limit,
  });
  const cases: [string, Topology, object, Record<string, object>][] = [
    ["by force", seed(), {}, { "kube-apiserver-master3": together("snapshot-master3", "etcd-member", 1800) }],
    [
      "by restore",
      seed(),
      { method: "restore" },
      { "kube-apiserver-master3": together("source-master3", "etcd-restore", 2100) },
    ],
    [
      "on another host only afterwards",
      two(),
      {},
      {
        "kube-apiserver-master3": together("snapshot-master3", "etcd-member", 1800, "claim-node2"),
        "kube-apiserver-node2": { after: ["etcd-member-master3"], beside: undefined, arguments: [], limit: 300 },
      },
    ],
  ];
  for (const [what, topology, method, expected] of cases) {
    it(what, () => {
      const { steps } = planFailover(topology, { ...ready, ...method }, afterLossOfA(topology));
      const servers = steps.filter((s) => s.script === "kube-apiserver");
      assert.deepEqual(
        Object.fromEntries(
          servers.map(({ name, after, beside, arguments: args, limit }) => [
            name,
            { after, beside, arguments: args, limit },
          ]),
        ),
        expected,
      );
      const recovery = steps.find((s) => s.script === "etcd-member" || s.script === "etcd-restore");
      const firstWrite = steps.find((s) => s.name === "first-write-master3");
      assert.deepEqual(firstWrite?.after, [recovery?.name, ...servers.map((s) => s.name)], "writes wait for both");
      // it takes writes before it calls itself ready, which `rke up` waits for
      assert.deepEqual(firstWrite.beside, ["kube-apiserver-master3"]);
      assert.equal(firstWrite.arguments[1], "kube-apiserver");
      const rkeUp = steps.find((s) => s.script === "rke-up");
      assert.deepEqual(
        rkeUp?.after.slice(-servers.length),
        servers.map((s) => s.name),
      );
    });
  }

  it("the flag is tried on a copy, by a container that has no network and sees nothing else of etcd's data", () => {
    const { steps } = planFailover(seed(), ready, afterLossOfA(seed()));
    const snapshot = steps.find((s) => s.script === "snapshot");
    const body = JSON.parse(snapshot?.data ?? "") as {
      Cmd: string[];
      HostConfig: { NetworkMode: string; Binds: string[]; RestartPolicy: { Name: string } };
    };
    assert.equal(body.HostConfig.NetworkMode, "none");
    assert.equal(body.HostConfig.RestartPolicy.Name, "no");
    assert.deepEqual(body.HostConfig.Binds, [
      "/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/rancher/etcd/:z",
      "/etc/kubernetes:/etc/kubernetes:z",
    ]);
    assert.deepEqual(
      ["listen-client-urls", "listen-peer-urls"].map((name) => argument(body.Cmd, name)),
      ["https://127.0.0.1:2379", "https://127.0.0.1:2380"],
    );
    assert.ok(body.Cmd.includes("--force-new-cluster"));
  });

  it("nobody is served by the member that has the flag", () => {
    const { steps } = planFailover(seed(), ready, afterLossOfA(seed()));
    const bodies = steps.find((s) => s.script === "etcd-member")?.data.split("\n") ?? [];
    const listens = bodies.map((body) => argument((JSON.parse(body) as { Cmd: string[] }).Cmd, "listen-client-urls"));
    assert.deepEqual(listens, ["https://127.0.0.1:2379", "https://0.0.0.0:2379"]);
  });
});
