import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { AXES, INSTALLERS } from "../../campaign/draw/axes";
import { draw, fitted, valuesOf } from "../../campaign/draw/draw";
import { topologyText, worldName } from "../../campaign/worlds";
import { readTopology } from "../../lab/state/topology";

interface Topology {
  etcd?: { extraArgs?: object };
  datacenters: { hosts: { name: string; etcd?: string }[] }[];
}

describe("the worlds of a campaign", () => {
  it("have a topology that the lab reads, for every drawn one", () => {
    const axis = AXES.find(({ name }) => name === "topology");
    assert.ok(axis);
    for (const installer of INSTALLERS)
      for (const { name } of valuesOf(axis, installer)) {
        const read = readTopology(topologyText(fitted({ installer, topology: name })), name);
        assert.ok(read.datacenters.length > 1);
        assert.equal(read.installer ?? "rke", installer);
      }
  });

  it("give etcd of a cluster that kubeadm makes the drawn count of entries", () => {
    const drawn = fitted({ installer: "kubeadm", "raft snapshots": "every 10 entries" });
    const { kubeadm } = readTopology(topologyText(drawn), "kubeadm");
    assert.deepEqual(kubeadm?.etcd, {
      local: { imageTag: "3.6.16-0", extraArgs: [{ name: "snapshot-count", value: "10" }] },
    });
  });

  it("have what was drawn in their topology", () => {
    const text = topologyText(fitted({ topology: "learner-in-a", "raft snapshots": "every 10 entries" }));
    const { etcd, datacenters } = parse(text) as Topology;
    assert.deepEqual(etcd?.extraArgs, { "snapshot-count": "10" });
    assert.deepEqual(
      datacenters.flatMap((dc) => dc.hosts.filter((h) => h.etcd === "learner").map((h) => h.name)),
      ["node1"],
    );
  });

  it("are the same for runs that differ only in what comes after the build", () => {
    assert.equal(worldName(fitted({ disaster: "frozen" })), worldName(fitted({ data: "leases" })));
    assert.notEqual(worldName(fitted({ etcd: "3.5.21" })), worldName(fitted({})));
  });
});

describe("the choices of issue 22's five reports", () => {
  const runs = Array.from({ length: 200 }, (_, i) => draw(i + 1));
  const reports: [report: string, wanted: Record<string, string>][] = [
    [
      "1: a learner that only raft's snapshots name",
      { topology: "learner-in-a", "raft snapshots": "every 10 entries" },
    ],
    ["2: a lost voter is taken out of a built cluster", { peace: "voter lost and taken out" }],
    ["3: a checkout that lacks a lost voter", { checkout: "lacks a lost voter" }],
    ["3: a checkout that lacks a worker", { checkout: "lacks a worker" }],
    ["4: an old snapshot is restored under a watcher", { recover: "snapshot" }],
    [
      "5: killed after the first write, and a gets power",
      { "during the act": "operator killed, a back", "moment of the act": "first-write" },
    ],
  ];
  for (const [report, wanted] of reports) {
    it(`are drawn within 200 seeds: ${report}`, () =>
      assert.ok(runs.some((choices) => Object.entries(wanted).every(([axis, value]) => choices[axis] === value))));
  }
});

describe("npm run campaign", () => {
  const env = { ...process.env, CAMPAIGN_DIR: mkdtempSync(join(tmpdir(), "rke-dr-campaign-")) };
  const campaign = (...args: string[]) => {
    const argv = ["--import", "tsx", join(__dirname, "../../campaign/cli.ts"), ...args];
    return spawnSync(process.execPath, argv, { encoding: "utf8", env });
  };

  const refusals: [args: string[], says: RegExp][] = [
    [["--seed", "x"], /^--seed: must be a whole number: "x"\n$/],
    [["--installer", "kops"], /^--installer: must be rke or kubeadm: "kops"\n$/],
    [["--choose", "disaster: flood"], /^--choose: disaster: must be one of power; .*: "flood"\n$/],
    [["--choose", "recover: snapshot"], /^--choose: values must fit each other: recover: snapshot\n$/],
    [["--choose", "frozen"], /^--choose: must be "AXIS: VALUE; \.\.\.", axes are topology, .*: "frozen"\n$/],
    [
      ["--installer", "kubeadm", "--choose", "topology: learner"],
      /^--choose: values must fit each other: topology: learner\n$/,
    ],
  ];
  for (const [args, says] of refusals) {
    it(`refuses ${args.join(" ")} in one line`, () => {
      const ran = campaign(...args);
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, says);
    });
  }

  it("prints each seed with its choices, the same each time", () => {
    const ran = campaign("--draw", "--seed", "7", "--runs", "2");
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^seed 7: topology: learner; .*\nseed 8: .*\n$/);
    assert.equal(campaign("--draw", "--seed", "7", "--runs", "2").stdout, ran.stdout);
  });
});
