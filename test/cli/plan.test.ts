import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { planCommand } from "../../cli/plan";
import { stackTopology } from "../../cli/topology-file";
import { actHash } from "../../plan/acts/failover/act-text";
import { planFailover } from "../../plan/acts/failover/failover";
import { actSettings } from "../../plan/acts/failover/settings";
import { signingOf } from "../../signed";

const folder = mkdtempSync(join(tmpdir(), "rke-dr-plan-"));
const unseen = ["--lost", "a", "--epoch", "2", "--unseen"];

/** The text that a run printed, without the hash behind it. */
const printedText = (stdout: string) => stdout.slice(0, stdout.lastIndexOf("\nHash"));

describe("npm run plan", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("prints the act's text and the hash that is made of it", async () => {
    const { status, stdout, stderr } = await planCommand(unseen);
    assert.deepEqual([status, stderr], [0, ""]);
    const [, hash] = /\nHash, of the topology alone: ([0-9a-f]{32})\n$/.exec(stdout) ?? [];
    assert.equal(actHash(printedText(stdout)), hash);
  });

  it("takes from Pulumi.failover.yaml, beside the topology, what isn't said", async () => {
    const project = join(folder, "Pulumi.yaml");
    writeFileSync(project, readFileSync(join(__dirname, "../../Pulumi.yaml")));
    writeFileSync(
      join(folder, "Pulumi.failover.yaml"),
      "config: { rke-dr:lost: a, rke-dr:epoch: '4', rke-dr:recover: { from: voter, method: restore } }\n",
    );
    const { stdout } = await planCommand(["--unseen", "--topology", project]);
    assert.match(stdout, /^failover of a, epoch 4\n {2}method restore$/m);
  });

  describe("of a cluster whose API has a name", () => {
    const project = join(folder, "named");
    /** Writes the failover stack's file. @returns what the command prints for that project */
    async function printed(stack: string): Promise<string> {
      mkdirSync(project, { recursive: true });
      writeFileSync(join(project, "Pulumi.yaml"), "name: rke-dr\nruntime: nodejs\n");
      const topology = parse(readFileSync(join(__dirname, "../../topologies/kubeadm.yaml"), "utf8"));
      const config = { "rke-dr:lost": "a", "rke-dr:epoch": 2, "rke-dr:topology": topology, ...parse(stack) };
      writeFileSync(join(project, "Pulumi.failover.yaml"), stringify({ config }));
      const { stdout, stderr } = await planCommand(["--unseen", "--project", project]);
      assert.equal(stderr, "");
      return stdout;
    }

    it("takes the topology of the stack's own file, and its word that the name is moved by hand, as preview does", async () => {
      const byHand = await printed("rke-dr:endpoint: by-hand@a@2");
      const { lost, topology, ...keys } = { lost: "a", topology: stackTopology(project, "failover"), epoch: 2 };
      const settings = { ...actSettings({ lost, ...keys, recover: undefined, endpoint: "by-hand@a@2" }, topology) };
      const plan = planFailover(
        topology,
        { ...settings, confirm: undefined, attest: undefined },
        { hosts: {}, answers: [], at: 0 },
      );
      assert.equal(/alone: (.*)\n/.exec(byHand)?.[1], signingOf(topology, plan, undefined).hash);
      assert.match(byHand, /data must=no$/m);
    });
    it("is another act without that word", async () => {
      const without = await printed("{}");
      assert.match(without, /data must=yes$/m);
      assert.notEqual(
        actHash(printedText(without)),
        actHash(printedText(await printed("rke-dr:endpoint: by-hand@a@2"))),
      );
    });
    it("refuses a word that is no text", async () => {
      await printed("rke-dr:endpoint: by-hand@a@2");
      const file = join(project, "Pulumi.failover.yaml");
      writeFileSync(file, readFileSync(file, "utf8").replace("by-hand@a@2", "{ secure: v1abc }"));
      const { status, stderr } = await planCommand(["--unseen", "--project", project]);
      assert.equal(status, 2);
      assert.match(
        stderr,
        /^rke-dr:endpoint: is not the operator's word, "by-hand@DATACENTER@EPOCH": \{"secure":"v1abc"\}\n$/,
      );
    });
  });

  it("says by --against that an act is the same, or which lines differ", async () => {
    const file = join(folder, "signed.txt");
    const text = printedText((await planCommand(unseen)).stdout);
    writeFileSync(file, text);
    const same = await planCommand([...unseen, "--against", file]);
    assert.deepEqual([same.status, same.stdout], [0, `the act is the same: ${actHash(text)}\n`]);
    writeFileSync(file, text.replace("--snapshot-count=1", "--snapshot-count=9"));
    const other = await planCommand([...unseen, "--against", file]);
    assert.equal(other.status, 1);
    assert.match(other.stdout, /^step snapshot-master3: - "--snapshot-count=9",$/m);
    assert.match(other.stdout, /^step snapshot-master3: \+ "--snapshot-count=1",$/m);
  });

  for (const [what, args, error] of [
    ["an unknown datacenter", ["--lost", "x"], /^--lost: is not one of the datacenters \(a, b\): "x"\n$/],
    [
      "no number as epoch",
      [...unseen.slice(0, 2), "--epoch", "two"],
      /^--epoch: is not a whole number from 2, .*: "two"\n$/,
    ],
    ["the first epoch", ["--epoch", "1"], /^--epoch: is not a whole number from 2, .*: "1"\n$/],
    [
      "a text to write that no host has a part in",
      [...unseen, "--write"],
      /^--write: goes with neither --unseen nor --against\n$/,
    ],
    [
      "a hash that no file has",
      [...unseen, "--against", "0".repeat(32)],
      /^--against: no file of signed\/ has that hash: 0{32}\n$/,
    ],
    [
      "a file that isn't there",
      [...unseen, "--against", "nowhere.txt"],
      /^--against: is neither a hash of 32 digits nor a file that can be read \(ENOENT\): nowhere\.txt\n$/,
    ],
    ["an unknown option", ["--los", "a"], /^Unknown option '--los'/],
    [
      "a loss that a majority survives",
      ["--lost", "b", "--epoch", "2", "--unseen"],
      /^nothing to sign: .*majority.*\n$/,
    ],
  ] as const) {
    it(`refuses by one clear error, with status 2: ${what}`, async () => {
      const { status, stdout, stderr } = await planCommand([...args]);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, error);
    });
  }
});
