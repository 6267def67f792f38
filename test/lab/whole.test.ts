import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keeperOf } from "../../lab/hosts/host";
import { Lab } from "../../lab/lab";
import { findProgram } from "../../lab/machine/packages";
import { allStats, isAlive, kill, type ProcessStat } from "../../lab/machine/processes";
import { until } from "../../lab/machine/run";
import { processesIn } from "../../lab/network/network";
import { onRequest } from "../e2e/on-request";
import { nothingLeft, tenUpAndDown } from "./nothing-left";

/** The trials that the quick tests make on one or two hosts, on the seed's five: with containers, a slow link, and all faults at once. */
onRequest("lab", "a lab of five hosts: faults together, deaths, repetition", function () {
  this.timeout(600_000);
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-test-"));
  const lab = Lab.open(join(parent, "lab"));
  const topology = (name: string) => join(__dirname, "../../topologies", `${name}.yaml`);
  const seed = topology("seed");

  before(function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
  });
  after(async () => {
    await lab.down();
    rmSync(parent, { recursive: true });
  });

  const works = async (of = lab) => {
    const { hosts, faults } = await of.status();
    assert.deepEqual(
      hosts.map(({ name, power, ssh, daemon }) => `${name} ${power} ${ssh} ${daemon}`),
      of.hosts().map(({ name }) => `${name} on up up`),
    );
    return faults;
  };
  const etcd = "rancher/coreos-etcd:v3.4.14-rancher1";
  /** An etcd of its own on a host, which docker starts again. */
  const startEtcd = async (host: string) => {
    const options = ["--name", "etcd", "--restart=always", "--net=host", "-v", "/var/lib/etcd:/data"];
    const started = await lab.execOn(host, ["docker", "run", "-d", ...options, etcd, "etcd", "--data-dir", "/data"]);
    assert.equal(started.code, 0, started.stderr);
    await until("etcd", 120, () => serves(host));
  };
  const serves = async (host: string) =>
    (await lab.execOn(host, ["docker", "exec", "etcd", "etcdctl", "--command-timeout=2s", "put", "k", "v"])).code === 0;

  /** Every fault that can be had, where it doesn't hide another. */
  const allFaults = async () => {
    await lab.slowLink(20, findProgram("nft") ? 1 : 0);
    await lab.kill("master2", "etcd");
    await lab.corruptEtcd("master1");
    await lab.fillDisk("node2");
    await lab.cutLink("a");
    await lab.cutOperator("b");
    if (findProgram("nft")) await lab.drop("master3");
    await lab.freeze("node1");
  };
  const wanted = [
    "cut-link a",
    "cut-operator b",
    findProgram("nft") ? "slow-link 20 --loss 1" : "slow-link 20",
    "freeze node1",
    ...(findProgram("nft") ? ["drop master3"] : []),
    "fill-disk node2",
    "corrupt-etcd master1",
    "kill master2 etcd",
  ];

  it("all faults at once: heal undoes them, and etcd serves with its data", async () => {
    await lab.up({ topology: seed });
    for (const host of ["master1", "master2"]) await startEtcd(host);
    await allFaults();
    assert.deepEqual((await lab.status()).faults, wanted);
    await lab.heal();
    assert.deepEqual(await works(), []);
    for (const host of ["master1", "master2"]) await until(`etcd of ${host}`, 180, () => serves(host));
  });

  it("all faults at once: down removes everything, and the next up has none of them", async () => {
    await allFaults();
    await lab.down();
    await nothingLeft(lab);
    await lab.up({ topology: seed });
    assert.deepEqual(await works(), []);
  });

  /** The lab's processes: those of all hosts, and the relays in its network. */
  const processes = (): ProcessStat[] => {
    const all = allStats().filter(({ state }) => state !== "Z");
    const network = processesIn(lab.place.name).map(({ pid }) => pid);
    const found = new Set([...network, ...lab.hosts().flatMap(({ name }) => keeperOf(lab.place, name)?.pid ?? [])]);
    for (let grew = true; grew; ) {
      const children = all.filter(({ pid, parent: of }) => found.has(of) && !found.has(pid));
      for (const { pid } of children) found.add(pid);
      grew = children.length > 0;
    }
    return all.filter(({ pid }) => found.has(pid));
  };
  /** With a container and a slow link; one process of each name that the lab then has. */
  const victims = async () => {
    await lab.up({ topology: seed });
    if (!(await lab.execOn("master1", ["docker", "inspect", "etcd"])).stdout.includes('"Running": true'))
      await startEtcd("master1");
    await lab.slowLink(5);
    return new Map(processes().map((process) => [process.name, process]));
  };

  it("each of its processes killed in turn: the next up mends it, or down removes everything", async () => {
    const names = [...(await victims()).keys()].sort();
    console.log(`      ${names.join(", ")}`);
    for (const needed of ["sshd", "dockerd", "etcd", "unshare"])
      assert.ok(
        names.some((name) => name.startsWith(needed)),
        `${needed} is not among ${names.join(", ")}`,
      );
    for (const name of names) {
      const victim = (await victims()).get(name);
      // what came and went, such as a health check
      if (!victim) continue;
      kill(victim);
      await until(`${name}: its end`, 60, () => !isAlive(victim));
      await lab.heal();
      await lab.up({ topology: seed });
      await until(`all hosts after the death of ${name}`, 120, async () =>
        works().then(
          (faults) => faults.length === 0,
          () => false,
        ),
      );
      const again = (await victims()).get(name);
      if (again) kill(again);
      await lab.down();
      await nothingLeft(lab);
    }
  }).timeout(1_800_000);

  it("ten up and down leave nothing behind and don't slow down", () =>
    tenUpAndDown(lab, async () => {
      await lab.up({ topology: seed });
      await startEtcd("master1");
    }));

  it("two labs raised at the same time, and taken down at the same time, don't know of each other", async () => {
    const other = Lab.open(join(parent, "other"));
    await Promise.all([lab.up({ topology: seed }), other.up({ topology: seed })]);
    await Promise.all([works(), works(other)]);
    await other.cutLink();
    await other.drop("master1");
    assert.deepEqual(await works(), []);
    await other.heal();
    await Promise.all([other.down(), startEtcd("master2")]);
    await nothingLeft(other);
    assert.deepEqual(await works(), []);
    await lab.down();
    await nothingLeft(lab);
  });

  for (const name of ["internal-addresses", "learner", "witness"])
    it(`--topology topologies/${name}.yaml: every host is there and reaches every other`, async () => {
      await lab.up({ topology: topology(name) });
      assert.deepEqual(await works(), []);
      for (const from of lab.hosts())
        for (const { address, internalAddress = address } of lab.hosts())
          for (const to of new Set([address, internalAddress])) {
            const dial = `exec 3<>/dev/tcp/${to}/22 && head -c 4 <&3`;
            const { stdout } = await lab.execOn(from.name, ["timeout", "20", "bash", "-c", dial]);
            assert.equal(stdout, "SSH-", `${from.name} to ${to}`);
          }
      await lab.down();
      await nothingLeft(lab);
    });

  for (const [line, version, bumps] of [
    ["3.4", /^etcdctl version: 3\.4\./, false],
    ["3.5", /^etcdctl version: 3\.5\.21/, true],
  ] as const)
    it(`--etcd ${line}: the version, its v2 API, and whether a restore can bump revisions`, async () => {
      await lab.up({ topology: seed, etcd: line });
      const inImage = async (...argv: string[]) => {
        const shown = await lab.execOn("master1", ["docker", "run", "--rm", "-e", "ETCDCTL_API=3", etcd, ...argv]);
        return shown.stdout + shown.stderr;
      };
      assert.match(await inImage("etcdctl", "version"), version);
      assert.match(await inImage("etcd", "--help"), /--enable-v2 /);
      assert.equal((await inImage("etcdctl", "snapshot", "restore", "--help")).includes("--bump-revision"), bumps);
      await lab.down();
    });
});
