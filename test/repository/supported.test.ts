import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTopologyFile } from "../../cli/topology-file";
import { rehearsalProblems } from "../../plan/acts/rehearsal/rehearsal";
import { actProblems } from "../../plan/declaration/installers";
import { installerOf } from "../../plan/installers/installers";
import { topologySchema } from "../../plan/topology/schema";
import { allHosts, type Topology } from "../../plan/topology/topology";
import { root } from "./sources";

/** The topology of topologies/ that stands for each installer. */
const examples: Record<Topology["installer"], string> = {
  rke: "seed",
  kubeadm: "kubeadm",
  kubespray: "kubespray",
  kubekey: "kubekey",
  unit: "unit",
};

const etcdAs: Record<string, string> = {
  docker: "docker's container",
  "static-pod": "static pod of the kubelet",
  systemd: "unit of systemd, `etcd.service`",
};

/** What acts can do with a topology, as the program itself decides it. */
function row(topology: Topology): string {
  const { joinsSurvivors, runtimeOn, title } = installerOf(topology);
  const acts = actProblems(topology).length === 0;
  const [member] = allHosts(topology).filter((h) => h.etcd === "voter");
  assert.ok(member);
  const can = (condition: boolean) => (condition ? "yes" : "refused");
  const rehearses = acts && rehearsalProblems(topology).length === 0;
  return `| ${[
    `${title} (\`${topology.installer}\`)`,
    etcdAs[runtimeOn(member).name],
    "yes",
    can(acts),
    can(acts),
    can(acts && joinsSurvivors),
    can(acts),
    can(rehearses),
  ].join(" | ")} |`;
}

describe("the README's table of what runs etcd", () => {
  it("says what the program supports, for each installer that a topology may name", () => {
    const { installer } = topologySchema.shape;
    const names = installer.unwrap().options;
    const table = [
      "| made by | etcd runs as | import, render | failover by force | failover by restore | several survivors | lost hosts return by an act | rehearsal |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
      ...names.map((name) => row(readTopologyFile(join(root, `topologies/${examples[name]}.yaml`)))),
    ].join("\n");
    const path = join(root, "README.md");
    const page = readFileSync(path, "utf8");
    const wanted = page.replace(
      /(<!-- supported -->\n)[\s\S]*?(\n?<!-- \/supported -->)/,
      `$1\n${table}\n\n<!-- /supported -->`,
    );
    if (process.env.UPDATE_TABLES) writeFileSync(path, wanted);
    assert.equal(
      readFileSync(path, "utf8"),
      wanted,
      "UPDATE_TABLES=1 npx mocha test/repository/supported.test.ts writes it",
    );
  });
});
