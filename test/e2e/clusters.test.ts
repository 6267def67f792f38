import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { attested } from "../../bench/clusters";
import type { ClustersReport } from "../../evidence/clusters-report";
import type { Lab } from "../../lab/lab";
import { must } from "../../lab/machine/run";
import { inNamespace } from "../../lab/network/network";
import { operatorLines, toNumber, toText } from "../../lab/network/network-plan";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

const root = join(__dirname, "../..");

/** Three hosts of the usual topology, under another name and in another network. */
function smallTopology(cluster: string, network: string): string {
  const topology = parse(readFileSync(join(root, "topologies/seed.yaml"), "utf8"));
  for (const datacenter of topology.datacenters) {
    datacenter.hosts = datacenter.hosts.filter(({ roles }: { roles: string[] }) => roles.includes("etcd"));
  }
  return stringify({ ...topology, cluster }).replaceAll("192.168.31.", `${network}.`);
}

/** Gives the first lab's operator links of its own into the second lab's datacenters. */
async function reachAlso(first: Lab, second: Lab): Promise<void> {
  const { operator } = first.network();
  const plan = second.network();
  const datacenters = plan.datacenters.map((dc) => ({
    ...dc,
    operatorLink: `also-${dc.name}`,
    operatorAddress: toText(toNumber(dc.operatorAddress) + 40),
  }));
  for (const { name, bridge, operatorLink } of datacenters) {
    const port = `also-op-${name}`;
    await must([
      "ip",
      "-n",
      plan.fabric,
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      operatorLink,
      "netns",
      operator,
    ]);
    await must(["ip", "-n", plan.fabric, "link", "set", port, "master", bridge, "up"]);
  }
  const lines = operatorLines({ ...plan, datacenters });
  await must(inNamespace(operator, "ip", "-batch", "-"), { input: `${lines.join("\n")}\n` });
}

onRequest("clusters", "two clusters in one checkout, which lose the same datacenter", function () {
  this.timeout(900_000);
  const worlds = { first: new World(), second: new World() };
  let clone: Workspace;
  let words = "";

  before(async function () {
    this.timeout(2_700_000);
    const networks = { first: "192.168.31", second: "192.168.41" };
    for (const name of ["first", "second"] as const) {
      const { lab } = worlds[name];
      mkdirSync(join(lab.place.dir, ".."), { recursive: true });
      const file = join(lab.place.dir, `../${name}.yaml`);
      writeFileSync(file, smallTopology(name, networks[name]));
      await worlds[name].build({ topology: file });
      await worlds[name].wrote("kept-before");
    }
    await reachAlso(worlds.first.lab, worlds.second.lab);
    clone = await worlds.first.lab.newClone("several");
    words = join(clone.project, "../words.yaml");
    for (const name of ["first", "second"] as const) {
      const { project } = await worlds[name].lab.project();
      // with the hosts' keys and the operator's, as this lab has them
      const { value } = parse(readFileSync(join(project, "Pulumi.yaml"), "utf8")).config.topology;
      writeFileSync(join(clone.project, `topologies/${name}.yaml`), stringify(value, { aliasDuplicateObjects: false }));
      const config = { "rke-dr:role": "failover", "rke-dr:topology": `topologies/${name}.yaml`, "rke-dr:epoch": "2" };
      writeFileSync(join(clone.project, `Pulumi.${name}-failover.yaml`), stringify({ config }));
    }
    await Promise.all(Object.values(worlds).map(({ lab }) => lab.powerOff("a")));
  });
  after(async () => {
    for (const { lab } of Object.values(worlds)) {
      await lab.down();
      rmSync(join(lab.place.dir, ".."), { recursive: true, force: true });
    }
  });

  async function clusters(...args: string[]) {
    const { env } = await worlds.first.lab.pulumiCommand([], clone);
    const { pulumi } = await worlds.first.lab.engine();
    const command = ["--import", "tsx", join(root, "automation/clusters/command.ts"), ...args, "--json"];
    const { code, stdout, stderr } = await worlds.first.lab.inOperator([process.execPath, ...command], {
      cwd: clone.project,
      env: { ...env, PATH: `${join(pulumi, "..")}:${env.PATH}` },
    });
    const report = code === 2 ? undefined : (JSON.parse(stdout) as ClustersReport);
    return { code, stderr, report, outcomes: report?.clusters.map((c) => [c.cluster, c.outcome]) };
  }

  it("are previewed together, each with words of its own", async () => {
    const { code, stderr, outcomes } = await clusters("preview", "--lost", "a", "--write", words);
    assert.equal(code, 0, stderr);
    assert.deepEqual(outcomes, [
      ["first", "waits"],
      ["second", "waits"],
    ]);
  });

  it("fail over together, and keep what was written", async () => {
    writeFileSync(words, attested(readFileSync(words, "utf8")));
    const { code, stderr, report, outcomes } = await clusters("failover", "--words", words, "--at-once", "2");
    assert.equal(code, 0, stderr);
    assert.deepEqual(outcomes, [
      ["first", "finished"],
      ["second", "finished"],
    ]);
    for (const { report: act } of report?.clusters ?? []) assert.notEqual(act?.firstWriteAt, undefined);
    for (const world of Object.values(worlds)) await world.kept("kept-before");
  });

  it("are reported later from their hosts' records", async () => {
    const { code, stderr, report } = await clusters("report", "--lost", "a");
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      report?.clusters.map((c) => [c.cluster, c.outcome, c.report?.signed?.pinned]),
      [
        ["first", "finished", true],
        ["second", "finished", true],
      ],
    );
  });

  it("are over: the same command changes nothing", async () => {
    const { code, stderr, outcomes } = await clusters("failover", "--words", words);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      outcomes?.map(([, outcome]) => outcome === "over" || outcome === "finished"),
      [true, true],
    );
  });
});
