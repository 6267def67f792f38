import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../lab/machine/run";
import { onRequest } from "./on-request";
import { World } from "./world";

/** A worker of the standby, which survives with it. */
const bastion = { name: "node2", address: "192.168.31.105" };

/** The seed's topology, all of whose hosts the operator reaches through one of them. */
function topologyThroughBastion(): string {
  const seed = readFileSync(join(__dirname, "../../topologies/seed.yaml"), "utf8");
  const file = join(mkdtempSync(join(tmpdir(), "rke-dr-bastion-")), "topology.yaml");
  writeFileSync(file, seed.replace(/^ssh:$/m, `ssh:\n  bastion: { host: ${bastion.address}, hostKey: unpinned }`));
  return file;
}

onRequest("bastion", "an operator who reaches the hosts through a bastion only", function () {
  this.timeout(300_000);
  const world = new World();

  before(async function () {
    this.timeout(1_800_000);
    await world.lab.up({ topology: topologyThroughBastion() });
    for (const { name, address } of world.lab.hosts().filter((host) => host.name !== bastion.name)) {
      // the lab's own way there has a route for each host
      const routes = `ip route del ${address} && ip route add unreachable ${address}`;
      const cut = await world.lab.inOperator(["sh", "-c", routes]);
      assert.equal(cut.code, 0, `${name}: ${cut.stderr}`);
    }
  });
  after(() => world.lab.down());

  it("primary builds the cluster through the bastion, and a second run finds nothing to do", async () => {
    const project = await world.lab.project();
    const built = await world.pulumi(project, "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
    const again = await world.pulumi(project, "up", "--yes", "--expect-no-changes", "--stack", "primary");
    assert.equal(again.code, 0, again.all);
  });

  it("a rehearsal runs through the bastion", async () => {
    const command = await world.lab.rehearseCommand(["--json"]);

    const result = await run(command.argv, command);
    assert.equal(result.code, 0, result.stderr);
  });

  it("preview reports which connections the bastion blocks, and what is lost with it", async () => {
    await world.lab.powerOff("a");
    const clone = await world.lab.newClone("seen-through-bastion");
    const preview = await world.failover(clone, "preview");
    assert.equal(preview.code, 0, preview.all);
    assert.match(preview.all, /ssh\.bastion is node2 of datacenter b: with it goes the way to all others/);
    assert.match(preview.all, /ok +source: master3, a voter/);
    assert.match(preview.all, /survivors reachable: master3, node2/);
  });

  it("preview names an unreachable bastion as the reason for each host behind it, and up refuses", async () => {
    await world.lab.drop(bastion.name);
    const clone = await world.confirmed("bastion-silent");
    const preview = await world.failover(clone, "preview");
    assert.equal(preview.code, 0, preview.all);
    assert.match(preview.all, /STOP +survivors reachable: master3 [^\n]*the bastion 192\.168\.31\.105: /);
    assert.match(preview.all, /\? +lost side is silent: not known/);
    const up = await world.failover(clone);
    await world.lab.heal();
    assert.notEqual(up.code, 0);
    assert.match(up.all, /the bastion 192\.168\.31\.105: /);
  });

  it("preview reports a bastion whose host key isn't the pinned one", async () => {
    const clone = await world.confirmed("bastion-replaced");
    const key = await world.on("master3", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    world.edit(clone, "Pulumi.yaml", (text) => text.replace(/hostKey: unpinned/, `hostKey: ${key}`));
    const up = await world.failover(clone);
    assert.notEqual(up.code, 0);
    assert.match(up.all, /the bastion 192\.168\.31\.105: must show the key ssh-ed25519 /);
    assert.equal(await world.on("master3", "cat /var/lib/rke-dr/epoch"), "1");
  });

  it("a failover runs through the bastion, and so does reading its report", async () => {
    const clone = await world.confirmed("through-bastion");
    const up = await world.failover(clone);
    assert.equal(up.code, 0, up.all);
    assert.equal(await world.on("master3", "docker exec etcd etcdctl member list | wc -l"), "1");
    assert.equal((await world.upAgain(clone)).code, 0);
    const report = await world.report(clone, "--json");
    assert.equal(report.code, 0, report.stderr);
    assert.equal((JSON.parse(report.stdout) as { epoch: number }).epoch, 2);
  });
});
