import assert from "node:assert/strict";
import { join } from "node:path";
import { readTopologyFile } from "../../../cli/topology-file";
import { etcdUnitVerdict } from "../../../plan/guards/etcd-unit";
import { unitOn } from "../../../plan/installers/etcd-unit/settings";
import { withCommand } from "../../../plan/runtimes/process";
import { survivors, voters } from "../../../plan/topology/order";
import { allHosts } from "../../../plan/topology/topology";
import { afterLossOfA, unit, unitsOn } from "../worlds/observations";

const topologyOf = (name: string) => readTopologyFile(join(__dirname, `../../../topologies/${name}.yaml`));
const topology = topologyOf("kubespray");
const hosts = survivors(topology, "a");
const [node3] = hosts;
assert.ok(node3);
const own = unitOn(topology, node3, voters(allHosts(topology)));
const problemsWith = (processes: ReturnType<typeof unitsOn>): string[] =>
  etcdUnitVerdict(topology, hosts, afterLossOfA(topology, { node3: { processes } })).flatMap((v) => v.problems);

describe("an etcd that is a unit", () => {
  it("may be changed where etcd.service starts etcd itself", () =>
    assert.deepEqual(problemsWith(unitsOn(topology, node3)), []));

  it("has no such guard with another installer", () =>
    assert.deepEqual(etcdUnitVerdict(topologyOf("seed"), hosts, afterLossOfA(topology)), []));

  for (const [what, etcd, shown] of [
    [
      "that starts a container, as kubespray's in docker",
      unit({
        ...own,
        unit: "[Service]\nExecStart=/usr/local/bin/etcd\nExecStartPre=-/usr/bin/docker rm -f etcd3\nRestart=always\n",
      }),
      "/usr/bin/docker rm -f etcd3",
    ],
    ["whose program is a script", unit(own, own.env, true), "/usr/local/bin/etcd"],
    [
      "that starts etcd by a shell",
      unit({ ...own, program: "/bin/bash", arguments: ["-c", "/usr/bin/etcd"] }),
      "/bin/bash -c /usr/bin/etcd",
    ],
  ] as const) {
    it(`is refused with a unit ${what}`, () => {
      const [problem = "", ...more] = problemsWith({ ...unitsOn(topology, node3), etcd });
      assert.deepEqual(more, []);
      assert.equal(
        problem.split("\n")[0],
        `node3: etcd.service must start etcd itself, not a container or a script: ${shown}`,
      );
    });
  }

  it("is refused where kube-apiserver keeps events in a second etcd", () => {
    const units = unitsOn(topology, node3);
    const api = units["kube-apiserver"];
    assert.ok(api);
    const process = withCommand(api.process, (command) => [
      ...command,
      "--etcd-servers-overrides=/events#https://10.0.0.3:2383",
    ]);
    const [problem = ""] = problemsWith({ ...units, "kube-apiserver": { ...api, process } });
    assert.match(
      problem,
      /^node3: kube-apiserver must ask one etcd .*: it has --etcd-servers-overrides=\/events#https/,
    );
  });
});
