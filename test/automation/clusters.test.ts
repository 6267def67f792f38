import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { clusters } from "../../automation/clusters/clusters";
import { declaredClusters, lossesOf } from "../../automation/clusters/declared";
import { previewLine } from "../../automation/clusters/lines";
import { readWords, wordsText } from "../../automation/clusters/words-file";
import { fleet } from "../../bench/fleet-topology";
import type { ClusterLine } from "../../evidence/clusters-report";

const root = join(__dirname, "../..");
const hash = (digit: string) => digit.repeat(32);

describe("several clusters", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "rke-dr-clusters-"));
    mkdirSync(join(project, "topologies"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: rke-dr\nruntime: nodejs\n");
  });
  afterEach(() => rmSync(project, { recursive: true }));

  const stack = (name: string, config: object) =>
    writeFileSync(
      join(project, `Pulumi.${name}-failover.yaml`),
      stringify({ config: { "rke-dr:role": "failover", "rke-dr:epoch": "2", ...config } }),
    );
  /** @param change what is otherwise than in the topologies that benchmarks use */
  const cluster = (name: string, net: number, change: (text: string) => string = (text) => text) => {
    writeFileSync(join(project, `topologies/${name}.yaml`), change(stringify(fleet(5, "/dev/null", name, net))));
    stack(name, { "rke-dr:topology": `topologies/${name}.yaml` });
  };
  const problems = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  describe("are read from the project", () => {
    it("one for each file Pulumi.NAME-failover.yaml, with its own topology", () => {
      cluster("web", 1);
      cluster("shop", 2);
      const found = declaredClusters(project);
      assert.deepEqual(
        found.map((c) => [c.name, c.stack, c.topology.cluster]),
        [
          ["shop", "shop-failover", "shop"],
          ["web", "web-failover", "web"],
        ],
      );
    });

    it("and refused, all problems at once, if they can't be told apart", () => {
      cluster("web", 1);
      stack("bare", {});
      stack("gone", { "rke-dr:topology": "topologies/gone.yaml" });
      stack("out", { "rke-dr:topology": "../out.yaml" });
      cluster("copy", 1, (text) => text.replace("cluster: copy", "cluster: web"));
      const lines = problems(() => declaredClusters(project)).split("\n");
      assert.deepEqual(lines.slice(0, 4), [
        "cluster bare: rke-dr:topology: must be set in Pulumi.bare-failover.yaml, such as topologies/bare.yaml: nothing",
        "cluster gone: rke-dr:topology: topologies/gone.yaml: can't be read (ENOENT)",
        'cluster out: rke-dr:topology: must be a topology, or the path of its file below the project\'s folder, such as topologies/NAME.yaml: "../out.yaml"',
        'cluster copy, web: topology.cluster must be another\'s alone: "web"',
      ]);
      assert.equal(lines[4], "cluster copy, web: a host must be of one cluster: 10.81.1.1:22");
      assert.equal(lines.length, 4 + 5);
    });

    it("not at all from a folder that has none", () => {
      assert.match(
        problems(() => declaredClusters(project)),
        /must have a file Pulumi\.NAME-failover\.yaml for each cluster: none is there$/,
      );
      assert.match(
        problems(() => declaredClusters(join(project, "topologies"))),
        /^project: must be a folder with a Pulumi\.yaml: /,
      );
    });
  });

  it("have a note of the cluster of stack failover, which doesn't run with them", () => {
    cluster("web", 1);
    writeFileSync(
      join(project, "Pulumi.failover.yaml"),
      stringify({ config: { "rke-dr:topology": fleet(5, "/dev/null", "own", 9) } }),
    );
    assert.match(
      clusters({ project, lost: "a" }).beside ?? "",
      /^cluster own of stack failover is none of these and doesn't run with them: `pulumi preview --stack failover`$/,
    );
    writeFileSync(
      join(project, "Pulumi.failover.yaml"),
      stringify({ config: { "rke-dr:topology": "topologies/web.yaml" } }),
    );
    assert.equal(clusters({ project, lost: "a" }).beside, undefined);
  });

  it("are hit, keep their majority, or have nothing there", () => {
    cluster("web", 1);
    // b has two of three voters
    cluster("calm", 2, (text) => {
      const topology = parse(text);
      const [a, b] = topology.datacenters;
      a.hosts[1].roles = ["worker"];
      b.hosts[1].roles = ["controlplane", "etcd", "worker"];
      return stringify(topology);
    });
    cluster("far", 3, (text) => text.replaceAll("name: a\n", "name: x\n"));
    const losses = lossesOf(declaredClusters(project), "a");
    assert.deepEqual(
      losses.map((l) => [l.cluster.name, l.kind, l.words]),
      [
        ["calm", "not needed", "2 of 3 voters survive, a majority is 2"],
        ["far", "not hit", "it has no host in a"],
        ["web", "hit", ""],
      ],
    );
    assert.equal(
      problems(() => lossesOf(declaredClusters(project), "aa")),
      '--lost: must be a datacenter of a cluster, did you mean "a"?: "aa"',
    );
  });

  describe("the operator's words", () => {
    const file = () => join(project, "words.yaml");
    const read = (text: string) => {
      writeFileSync(file(), text);
      return readWords(file(), (lost) => lossesOf(declaredClusters(project), lost));
    };
    beforeEach(() => {
      cluster("web", 1);
      cluster("shop", 2);
    });

    const waiting = (name: string, digit: string): ClusterLine => ({
      cluster: name,
      outcome: "waits",
      hash: hash(digit),
      words: ["confirmation: rke-dr:confirm: must be ...", "attestation: rke-dr:attest: must be ..."],
    });

    it("are written by preview for each cluster, with the attestation as a comment, and read back", () => {
      const stopped: ClusterLine = { cluster: "shop", outcome: "stopped", words: ["source: none"] };
      const text = wordsText("a", [waiting("web", "0"), stopped], declaredClusters(project), { web: 2, shop: 2 });
      assert.match(text, /^ {2}# shop: stopped by source$/m);
      assert.match(
        text,
        /^ {4}# Take the mark away from the next line once a1 \(10\.81\.1\.1\), .* are down and stay down:$/m,
      );
      assert.deepEqual([...read(text).clusters], [["web", { epoch: 2, confirm: `a@2:${hash("0")}` }]]);
      const complete = text.replace("# attest:", "attest:");
      assert.deepEqual(
        [...read(complete).clusters],
        [["web", { epoch: 2, confirm: `a@2:${hash("0")}`, attest: `powered-off@a@2:${hash("0")}` }]],
      );
    });

    it("keep the file's order", () => {
      const text = wordsText("a", [waiting("web", "0"), waiting("shop", "1")], declaredClusters(project), {
        web: 2,
        shop: 2,
      });
      writeFileSync(file(), text);
      assert.deepEqual(clusters({ project, words: file() }).names, ["web", "shop"]);
    });

    const refused: [what: string, text: string, words: RegExp][] = [
      [
        "a confirmation without a hash: it could stand for any cluster",
        'web: { epoch: 2, confirm: "a@2" }',
        /clusters\.web\.confirm: must be "a@2:HASH", .*: "a@2"$/,
      ],
      [
        "an attestation without a hash",
        'web: { epoch: 2, attest: "powered-off@a@2" }',
        /clusters\.web\.attest: must be "powered-off@a@2:HASH"/,
      ],
      [
        "a word of a person without a hash",
        'web: { epoch: 2, attest: { kim: "powered-off@a@2" } }',
        /clusters\.web\.attest\.kim: must be /,
      ],
      [
        "another act's word",
        `web: { epoch: 3, confirm: "a@2:${hash("0")}" }`,
        /clusters\.web\.confirm: must be "a@3:HASH"/,
      ],
      [
        "one word for two clusters",
        `web: { epoch: 2, confirm: "a@2:${hash("0")}" }\n  shop: { epoch: 2, confirm: "a@2:${hash("0")}" }`,
        /clusters\.shop: must have words of its own, not those of web: 0{32}$/,
      ],
      [
        "an unknown cluster",
        "blog: { epoch: 2 }",
        /clusters\.blog: must be a cluster that the loss of a stops \(shop, web\)$/,
      ],
      [
        "an unknown key",
        "web: { epoch: 2, force: yes }",
        /clusters\.web\.force: must be one of epoch, recover, confirm, attest, endpoint$/,
      ],
      [
        "no epoch",
        `web: { confirm: "a@2:${hash("0")}" }`,
        /clusters\.web\.epoch: must be a whole number from 2: "nothing"$/,
      ],
    ];
    for (const [what, text, words] of refused) {
      it(`refuses ${what}`, () =>
        assert.match(
          problems(() => read(`lost: a\nclusters:\n  ${text}\n`)),
          words,
        ));
    }

    it("are for the datacenter that the command names", () => {
      writeFileSync(file(), "lost: a\nclusters: {}\n");
      assert.match(
        problems(() => clusters({ project, lost: "b", words: file() })),
        /^--lost: must be the datacenter of .*words\.yaml, a: "b"$/,
      );
    });
  });

  describe("a cluster's line after its preview", () => {
    const preview = (stops: string[], words = "May be lost: writes after 03:00\n") => ({
      words,
      stops,
      steps: [],
      hash: hash("0"),
    });
    const confirm = 'confirmation: rke-dr:confirm: must be "a@2": not set';
    const attest = 'attestation: rke-dr:attest: must be "powered-off@a@2": not set';
    const majority =
      "quorum is lost: 2 of 3 voters survive, a majority is 2: etcd keeps its quorum without a, there is nothing to recover";
    it("is ready without stops, and waits if only words are missing", () => {
      assert.equal(previewLine(preview([]), "hit").outcome, "ready");
      assert.deepEqual(previewLine(preview([confirm, attest]), "hit"), {
        outcome: "waits",
        words: [confirm, attest],
        mayBeLost: "writes after 03:00",
        hash: hash("0"),
      });
    });
    it("is stopped by any other guard, and by a word for another act", () => {
      assert.deepEqual(previewLine(preview([confirm, "source: none"]), "hit").words, ["source: none"]);
      const other = "confirmation: rke-dr:confirm: must be the hash of the act that would run, 0: 1";
      assert.equal(previewLine(preview([other]), "hit").outcome, "stopped");
    });
    it("is not needed if the majority serves, as its hosts say; if they don't, it is stopped", () => {
      assert.deepEqual(previewLine(preview([majority]), "not needed"), {
        outcome: "not needed",
        words: [majority.replace("quorum is lost: ", "")],
      });
      const silent =
        "quorum is lost: 2 of 3 voters survive, a majority is 2, but none of them answers a linearizable read";
      assert.equal(previewLine(preview([silent]), "not needed").outcome, "stopped");
    });
    it("is over if nothing is left to do", () =>
      assert.equal(previewLine(preview([], "NOTHING TO DO: `pulumi up` would change nothing"), "hit").outcome, "over"));
  });

  describe("rke-dr clusters", function () {
    this.timeout(60_000);
    const run = (...args: string[]) => {
      const command = ["--import", "tsx", join(root, "automation/clusters/command.ts"), ...args, "--project", project];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        cwd: root,
        encoding: "utf8",
        // whoever starts Pulumi fails the test
        env: { ...process.env, PATH: project },
      });
      return { status, stdout, stderr };
    };
    for (const [what, args, words] of [
      [
        "an unknown datacenter",
        ["preview", "--lost", "z"],
        '--lost: must be a datacenter of a cluster, known are a, b: "z"',
      ],
      ["no datacenter", ["failover"], "--lost: must be the datacenter that is lost: not given"],
      [
        "an unknown cluster",
        ["failover", "--lost", "a", "--only", "web,blog"],
        "--only: must be clusters of the project (shop, web): blog",
      ],
      [
        "a limit of none",
        ["failover", "--lost", "a", "--at-once", "0"],
        '--at-once: must be a whole number from 1 to 999: "0"',
      ],
      ["--write with failover", ["failover", "--lost", "a", "--write", "x"], "--write: goes with preview alone"],
    ] as const) {
      it(`${what} is one clear error, and nothing is run`, () => {
        cluster("web", 1);
        cluster("shop", 2);
        const before = readFileSync(join(project, "Pulumi.web-failover.yaml"), "utf8");
        assert.deepEqual(run(...args), { status: 2, stdout: "", stderr: `${words}\nNothing was run.\n` });
        assert.equal(readFileSync(join(project, "Pulumi.web-failover.yaml"), "utf8"), before);
      });
    }
  });
});
