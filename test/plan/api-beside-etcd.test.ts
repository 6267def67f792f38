import assert from "node:assert/strict";
import { planFailover } from "../../plan/failover";
import { argument } from "../../plan/process";
import { recordName } from "../../plan/steps";
import type { Topology } from "../../plan/topology";
import { parseTopology } from "../../plan/topology";
import { afterLossOfA } from "./observations";
import { ready } from "./settings";
import { raw, seed, seedHosts } from "./topologies";

const two = (): Topology =>
  parseTopology(raw({ ...seedHosts, b: { ...seedHosts.b, node2: ["192.168.31.105", ["controlplane", "worker"]] } }));

describe("kube-apiserver is recreated while etcd recovers", () => {
  const own = ["192.168.31.103"];
  const cases: [string, Topology, object, Record<string, { after: string[]; arguments: string[]; limit: number }>][] = [
    [
      "by force",
      seed(),
      {},
      { "kube-apiserver-master3": { after: ["snapshot-master3"], arguments: ["etcd-member", ...own], limit: 900 } },
    ],
    [
      "by restore",
      seed(),
      { method: "restore" },
      { "kube-apiserver-master3": { after: ["source-master3"], arguments: ["etcd-restore", ...own], limit: 1200 } },
    ],
    [
      "on another host only afterwards",
      two(),
      {},
      {
        "kube-apiserver-master3": { after: ["snapshot-master3"], arguments: ["etcd-member", ...own], limit: 900 },
        "kube-apiserver-node2": { after: ["etcd-member-master3"], arguments: [], limit: 300 },
      },
    ],
  ];
  for (const [what, topology, method, expected] of cases) {
    it(what, () => {
      const { steps } = planFailover(topology, { ...ready, ...method }, afterLossOfA(topology));
      const servers = steps.filter((s) => s.script === "kube-apiserver");
      assert.deepEqual(
        Object.fromEntries(
          servers.map(({ name, after, arguments: args, limit }) => [name, { after, arguments: args, limit }]),
        ),
        expected,
      );
      const recovery = steps.find((s) => s.script.endsWith("etcd-member") || s.script.endsWith("etcd-restore"));
      assert.deepEqual(
        steps.find((s) => s.name === "first-write-master3")?.after,
        [recovery?.name, ...servers.map((s) => s.name)],
        "writes wait for both",
      );
    });
  }

  it("nobody is served by the member that has the flag", () => {
    const { steps } = planFailover(seed(), ready, afterLossOfA(seed()));
    const bodies = steps.find((s) => recordName(s) === "etcd-member")?.data.split("\n") ?? [];
    const listens = bodies.map((body) => argument((JSON.parse(body) as { Cmd: string[] }).Cmd, "listen-client-urls"));
    assert.deepEqual(listens, ["https://127.0.0.1:2379", "https://0.0.0.0:2379"]);
  });
});
