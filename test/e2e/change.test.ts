import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import { onRequest } from "./on-request";
import { at, deployedFrom, onHardwareOf, partInEtcd, without, withSpares } from "./topology-edit";
import { World } from "./world";

const root = join(__dirname, "../..");
type Change = (text: string) => string;

/** The hosts of `etcdctl member list`, without those that never started. */
const membersIn = (list: string, learner: "true" | "false"): string[] =>
  list
    .split("\n")
    .filter((l) => l.endsWith(`, ${learner}`))
    .map((l) => l.split(", ")[2]?.slice("etcd-".length) ?? "")
    .sort();

/** A built cluster of the project's topology, in a lab that has two more hosts. */
class Changing {
  readonly world = new World();
  /** Pulumi.yaml with all hosts of the lab. */
  private whole = "";
  private changes: Change[] = [without("master4", "node3")];

  async build(): Promise<void> {
    const file = join(mkdtempSync(join(tmpdir(), "rke-dr-hosts-")), "topology.yaml");
    writeFileSync(file, withSpares(readFileSync(join(root, "Pulumi.yaml"), "utf8")));
    await this.world.lab.up({ topology: file });
    const project = await this.world.lab.project();
    this.whole = readFileSync(join(project.project, "Pulumi.yaml"), "utf8");
    await this.up();
  }

  /** The topology from now on, made from the whole one. */
  async topology(...changes: Change[]): Promise<void> {
    this.changes = changes;
    const { project } = await this.world.lab.project();
    const text = this.changes.reduce((t, change) => change(t), this.whole);
    writeFileSync(join(project, "Pulumi.yaml"), text);
  }

  async preview(...changes: Change[]): Promise<string> {
    await this.topology(...changes);
    return (await this.world.pulumi(await this.world.lab.project(), "preview", "--stack", "primary")).all;
  }

  /** `up` with this topology, in one go; the next `up` changes nothing. */
  async up(...changes: Change[]): Promise<void> {
    await this.topology(...(changes.length > 0 ? changes : this.changes));
    const project = await this.world.lab.project();
    const run = (...more: string[]) =>
      this.world.pulumi(project, "up", "--yes", "--skip-preview", "--stack", "primary", ...more);
    const done = await run();
    assert.equal(done.code, 0, done.all);
    const again = await run("--expect-no-changes");
    assert.equal(again.code, 0, again.all);
  }

  /** etcd's members, Nodes, and what etcd and the API on each control plane host name, by the hosts' last number. */
  async found(masters: string[]) {
    const numbers = (text: string) =>
      [...new Set([...text.matchAll(/192\.168\.31\.(\d+)/g)].map((m) => Number(m[1])))].sort();
    const command = (container: string) =>
      `docker inspect ${container} --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' | tr ',' '\\n' | tr -d '"[]'`;
    const members = await this.world.on("master3", "docker exec etcd etcdctl member list");
    const nodes = await this.world.lab.kubectl(["get", "nodes", "--no-headers"]);
    const named: Record<string, number[][]> = {};
    for (const host of masters) {
      const all = await this.world.on(host, `${command("etcd")}; ${command("kube-apiserver")}`);
      const lines = all.split("\n");
      const from = (flag: string) => {
        const start = lines.findIndex((l) => l.startsWith(`--${flag}=`));
        const end = lines.findIndex((l, i) => i > start && (l.startsWith("--") || l === ""));
        return numbers(lines.slice(start, end < 0 ? undefined : end).join("\n"));
      };
      named[host] = [from("initial-cluster"), from("etcd-servers")];
    }
    return {
      voters: membersIn(members, "false"),
      ready: nodes.stdout
        .trim()
        .split("\n")
        .filter((l) => / Ready /.test(l))
        .map((l) => l.split(" ")[0])
        .sort(),
      notReady: nodes.stdout
        .trim()
        .split("\n")
        .filter((l) => !/ Ready /.test(l)).length,
      named,
    };
  }

  async failover(): Promise<void> {
    await this.world.wrote("before-the-loss");
    const project = await this.world.lab.project();
    await this.world.lab.inOperator(
      [
        "git",
        "-C",
        project.project,
        "-c",
        "user.name=lab",
        "-c",
        "user.email=lab@localhost",
        "commit",
        "-qam",
        "Hosts change",
      ],
      {},
    );
    await this.world.lab.powerOff("a");
    const clone = await this.world.confirmed("after-a-change");
    const done = await this.world.failover(clone);
    assert.equal(done.code, 0, done.all);
    await this.world.kept("before-the-loss");
    assert.equal((await this.world.upAgain(clone)).code, 0);
  }
}

onRequest("change-leave", "hosts of a built cluster leave", function () {
  this.timeout(900_000);
  const cluster = new Changing();
  const { world } = cluster;
  const spares = without("master4", "node3");
  before(async function () {
    this.timeout(1_800_000);
    await cluster.build();
  });
  after(() => world.lab.down());

  it("a dead voter: its member, its Node and its names are gone after one `up`", async () => {
    await world.lab.powerOff("master2");
    const preview = await cluster.preview(spares, without("master2"));
    assert.match(preview, /master2 +leaves as .* and as a voter of etcd \(192\.168\.31\.102, doesn't answer SSH\)/);
    assert.match(preview, /Guards: all hold/);
    await cluster.up(spares, without("master2"));
    const ids = [
      [101, 103],
      [101, 103],
    ];
    assert.deepEqual(await cluster.found(["master1", "master3"]), {
      voters: ["master1", "master3"],
      ready: ["master1", "master3", "node1", "node2"],
      notReady: 0,
      named: { master1: ids, master3: ids },
    });
    const log = await world.on("master3", "cat /var/lib/rke-dr/epoch-1/rke-up.log");
    assert.doesNotMatch(log, /192\.168\.31\.102/);
  });

  it("a voter more than quorum bears is refused by name, and nothing is changed", async () => {
    const traces = await world.traces("master3");
    await world.on("master3", "docker stop etcd");
    const preview = await cluster.preview(spares, without("master2", "node1"));
    await world.on("master3", "docker start etcd");
    assert.match(preview, /STOP +members of etcd\b[\s\S]*a voter must answer a linearizable read/);
    assert.equal(await world.traces("master3"), traces);
  });

  it("a living worker: its containers and Node are gone", async () => {
    await cluster.up(spares, without("master2", "node1"));
    assert.deepEqual((await cluster.found([])).ready, ["master1", "master3", "node2"]);
    assert.equal(await world.on("node1", "docker ps --format '{{.Names}}'"), "");
  });

  it("a failover afterwards", () => cluster.failover());
});

onRequest("change-join", "hosts join a built cluster, change their address and are replaced", function () {
  this.timeout(900_000);
  const cluster = new Changing();
  const { world } = cluster;
  before(async function () {
    this.timeout(1_800_000);
    await cluster.build();
  });
  after(() => world.lab.down());

  it("a worker, and a control plane host with a voter, a learner first", async () => {
    const preview = await cluster.preview();
    assert.match(preview, /master4 +joins at 192\.168\.31\.106 as controlplane, etcd, worker/);
    await cluster.up((text) => text);
    const ids = [
      [101, 102, 103, 106],
      [101, 102, 103, 106],
    ];
    assert.deepEqual(await cluster.found(["master1", "master3", "master4"]), {
      voters: ["master1", "master2", "master3", "master4"],
      ready: ["master1", "master2", "master3", "master4", "node1", "node2", "node3"],
      notReady: 0,
      named: { master1: ids, master3: ids, master4: ids },
    });
    const log = await world.on("master4", "cat /var/lib/rke-dr/log");
    assert.match(log, /etcd-master4 added as a learner[\s\S]*promoted: it is a voter/);
  });

  it("a living voter that is a deploy host leaves, another deploys in its place", async () => {
    const keys = "-i /etc/rke-dr/ssh/id_ed25519 -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts";
    await world.on("master1", `scp ${keys} "$(command -v rke)" root@192.168.31.106:/usr/local/bin/rke`);
    await cluster.up(without("master1"), deployedFrom("a", "master4"));
    assert.deepEqual((await cluster.found([])).voters, ["master2", "master3", "master4"]);
    assert.equal(await world.on("master1", "docker ps --format '{{.Names}}'"), "");
    assert.doesNotMatch(await world.on("node2", "cat /root/.ssh/authorized_keys"), /rke-dr:master1$/m);
  });

  it("a voter and a worker get other addresses", async () => {
    for (const [host, from, to] of [
      ["master2", 102, 112],
      ["node2", 105, 115],
    ] as const) {
      await world.on(host, `ip addr add 192.168.31.${to}/24 dev eth0; ip addr del 192.168.31.${from}/24 dev eth0`);
    }
    await cluster.up(
      without("master1"),
      deployedFrom("a", "master4"),
      at("master2", "192.168.31.112"),
      at("node2", "192.168.31.115"),
    );
    const ids = [
      [103, 106, 112],
      [103, 106, 112],
    ];
    assert.deepEqual(await cluster.found(["master3", "master4"]), {
      voters: ["master2", "master3", "master4"],
      ready: ["master2", "master3", "master4", "node1", "node2", "node3"],
      notReady: 0,
      named: { master3: ids, master4: ids },
    });
  });

  it("a host that was rebuilt comes back in one `up`", async () => {
    await world.lab.rebuild("master4");
    await cluster.up();
    await until("all Nodes", 60, async () => (await cluster.found([])).notReady === 0);
    assert.deepEqual((await cluster.found([])).voters, ["master2", "master3", "master4"]);
  });

  it("a failover afterwards", () => cluster.failover());
});

onRequest(
  "change-parts",
  "a host of a built cluster gets other hardware, a learner becomes a voter and back",
  function () {
    this.timeout(900_000);
    const cluster = new Changing();
    const { world } = cluster;
    const hosts = [onHardwareOf("master2", "master4"), without("node3")];
    const state = "/etc/rke-dr/cluster.rkestate.before-change";
    const membersOf = (learner: "true" | "false") =>
      world.on("master3", "docker exec etcd etcdctl member list").then((list) => membersIn(list, learner));
    before(async function () {
      this.timeout(1_800_000);
      await cluster.build();
    });
    after(() => world.lab.down());

    it("the name of a living voter goes to other hardware; `up` is killed without the old member, and once RKE's state has changed", async () => {
      await cluster.topology(...hosts);
      const project = await world.lab.project();
      await world.kill(project, async () => (await membersOf("false")).length === 2, undefined, "primary");
      await world.wrote("with-two-voters");
      await world.killAt(project, ["master3", `test -e ${state}`], undefined, "primary");
      await cluster.up(...hosts);
      const ids = [
        [101, 103, 106],
        [101, 103, 106],
      ];
      assert.deepEqual(await cluster.found(["master1", "master3", "master4"]), {
        voters: ["master1", "master2", "master3"],
        ready: ["master1", "master2", "master3", "node1", "node2"],
        notReady: 0,
        named: { master1: ids, master3: ids, master4: ids },
      });
      assert.equal(await world.on("master2", "docker ps --format '{{.Names}}'"), "");
      await world.kept("with-two-voters");
    });

    it("a worker becomes a learner, then a voter, then a learner again", async () => {
      for (const part of ["learner", "voter", "learner"] as const) {
        await cluster.up(...hosts, partInEtcd("node2", part));
        const voters = ["master1", "master2", "master3", ...(part === "voter" ? ["node2"] : [])];
        assert.deepEqual(
          [await membersOf("false"), await membersOf("true")],
          [voters, part === "voter" ? [] : ["node2"]],
        );
      }
    });

    it("a failover afterwards", () => cluster.failover());
  },
);
