import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { forgetDisks, keepDisk, restoreDisk } from "../../bench/checkpoint";
import type { Workspace } from "../../lab/operator/project";
import { checkoutOf, historyLacks } from "./earlier-checkout";
import { onRequest } from "./on-request";
import { World } from "./world";

/** The program before its files were sorted into rooms: what its operators have on their hosts, and acts that they have begun. */
const earlier = "8cd21dfa6681c40ff7019b9976db1847b756d8e3";
const survivor = "master3";

/** Names under which the survivor keeps the steps of an act: all that the earlier program's act has, in about their order. */
const tidying = ["lost-nodes", "masterleases", "watchers", "workers", "rke-state"];
const verifying = ["verify-member", "verify-servers", "verify", "report"];
const acts = {
  forceNewCluster: [
    "claim",
    "snapshot",
    "etcd-member",
    "kube-apiserver",
    "first-write",
    ...tidying,
    "rke-up",
    ...verifying,
  ],
  restore: [
    "claim",
    "source",
    "etcd-restore",
    "kube-apiserver",
    "first-write",
    ...tidying,
    "addons",
    "isolate",
    "rke-up",
    ...verifying,
  ],
} as const;

function suite(this: Mocha.Suite): void {
  this.timeout(400_000);
  const world = new World();
  let checkout: string;
  /** The earlier program with the backend of the peace that it built, and this one with the same backend. */
  let builtBy: Workspace;
  let upgraded: Workspace;

  before(async function () {
    this.timeout(1_800_000);
    checkout = await checkoutOf(earlier);
    await world.lab.up();
    builtBy = await world.lab.projectOf(checkout, "built-by");
    const built = await world.pulumi(builtBy, "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
    await world.wrote("written-before");
    upgraded = { project: (await world.lab.newClone("upgraded")).project, backend: builtBy.backend };
    // a `git pull` leaves the stack's own file, which has the salt of its secrets
    copyFileSync(join(builtBy.project, "Pulumi.primary.yaml"), join(upgraded.project, "Pulumi.primary.yaml"));
  });
  after(async () => {
    await world.lab.down();
    await forgetDisks(world.lab.place);
    rmSync(checkout, { recursive: true, force: true });
  });

  it("preview reads every host of the healthy cluster and plans no step again", async () => {
    const preview = await world.pulumi(upgraded, "preview", "--stack", "primary");
    assert.equal(preview.code, 0, preview.all);
    assert.match(preview.all, /Guards: all hold/);
    const [, steps = ""] = /Steps \(done: .*\)\n([\s\S]*?)\n\s*\n/.exec(preview.all) ?? [];
    assert.ok(steps.split("\n").length > 20, preview.all);
    assert.deepEqual(
      steps.split("\n").filter((line) => !/^ *done /.test(line)),
      [],
    );
    // Only scripts' texts may have changed, whose differences aren't shown (hideDiffs): a host that has done a step with the same data answers "already
    // done". Steps that the earlier program didn't have are new to Pulumi, and find nothing to do.
    const planned = preview.all.split("\n").filter((line) => /^ *[-+~]+ +\w+:\S+:\S+ /.test(line));
    const expected = [
      /:Command \S+ update $/,
      /:Command (etcd-depart|rke-nodes)-master3 create $/,
      /:ConfigMap record update \[diff: ~data\]/,
      /:providers:kubernetes cluster update \[diff: ~version\]/,
      /:Declared declared create /,
    ];
    assert.deepEqual(
      planned.filter((line) => !expected.some((form) => form.test(line))),
      [],
    );
  });

  for (const [method, steps] of Object.entries(acts)) {
    describe(`a failover by ${method}`, () => {
      let begins: Workspace;
      let finishes: Workspace;
      const hosts = () => world.lab.hosts().filter((host) => host.datacenter !== "a");

      /** An operator's clone of a checkout, with an empty backend, confirmed. */
      async function confirmed(workspace: Workspace): Promise<Workspace> {
        await world.set(workspace, "confirm", "a@2");
        if (method === "restore")
          await world.pulumi(workspace, "config", "set", "--path", "recover.method", method, "--stack", "failover");
        else await world.set(workspace, "attest", "powered-off@a@2");
        return workspace;
      }

      before(async function () {
        this.timeout(600_000);
        begins = await confirmed(await world.lab.projectOf(checkout, `begins-${method.toLowerCase()}`));
        finishes = await confirmed(await world.lab.newClone(`finishes-${method.toLowerCase()}`));
        if (!world.lab.isOn("master1")) return;
        await world.lab.powerOff("a");
        await world.lab.powerOff("b");
        for (const { name } of hosts()) await keepDisk(world.lab.place, name);
      });

      /** Datacenters a and b have lost power, then b comes back with its disks from before the loss: no step of epoch 2 has run. */
      beforeEach(async () => {
        await world.lab.powerOff("b");
        for (const { name } of hosts()) await restoreDisk(world.lab.place, name);
        await world.lab.powerOn("b");
        for (const workspace of [begins, finishes]) world.emptyBackend(workspace);
      });

      /** Ids of the containers that the act has made so far: no later run may replace them. */
      const made = async () => {
        const [, , etcd = "", apiServer = ""] = steps;
        const of = (step: string, container: string) =>
          world.on(
            survivor,
            `! grep -q epoch.:2 /var/lib/rke-dr/steps/${step} || docker inspect -f '{{.Name}} {{.Id}}' ${container}`,
          );
        return `${await of(etcd, "etcd")}\n${await of(apiServer, "kube-apiserver")}`.trim();
      };
      const ids = () => world.on(survivor, "docker inspect -f '{{.Name}} {{.Id}}' etcd kube-apiserver");

      async function isFinished(): Promise<void> {
        const told = await world.report(finishes, "--json");
        assert.equal(told.code, 0, told.stderr);
        const report = JSON.parse(told.stdout) as { outcome: string; method: string };
        assert.deepEqual([report.outcome, report.method], ["finished", method]);
        const members = await world.on(survivor, "docker exec etcd etcdctl member list");
        assert.match(members, /^[0-9a-f]+, started, etcd-master3, .*, false$/);
        const servers = await world.on(
          survivor,
          "docker inspect kube-apiserver | grep -o 'etcd-servers=[^\"]*' | sort -u",
        );
        assert.equal(servers, "etcd-servers=https://192.168.31.103:2379");
        const nodes = await world.lab.kubectl(["get", "nodes", "-o", "name"]);
        assert.deepEqual(nodes.stdout.trim().split("\n").sort(), ["node/master3", "node/node2"]);
        await world.kept("written-before");
        const again = await world.upAgain(finishes);
        assert.equal(again.code, 0, again.all);
      }

      it("a failover that the earlier program finished has all steps done, and the current program finds nothing to do", async () => {
        const result = await world.failover(begins);
        assert.equal(result.code, 0, result.all);
        const recorded = await world.on(survivor, "cd /var/lib/rke-dr/steps && grep -l epoch.:2 *");
        assert.deepEqual(recorded.split("\n").sort(), [...steps].sort());
        const before = await ids();
        const taken = await world.failover(finishes);
        assert.equal(taken.code, 0, taken.all);
        assert.equal(await ids(), before);
        await isFinished();
      });

      for (const [at, step] of steps.entries()) {
        const powerCut = at % 2 === 0 ? survivor : undefined;
        it(`the current program finishes a failover that was killed after step ${step}${powerCut === undefined ? "" : ` by a power cut of ${powerCut}`}`, async () => {
          await world.killAt(begins, [survivor, `grep -q epoch.:2 /var/lib/rke-dr/steps/${step}`], powerCut);
          const before = await made();
          const result = await world.failover(finishes);
          assert.equal(result.code, 0, result.all);
          assert.ok((await ids()).includes(before), `${before}\nwas replaced: ${await ids()}`);
          await isFinished();
        });
      }
    });
  }
}

const lacks = historyLacks(earlier);
const title = `an upgrade from commit ${earlier.slice(0, 7)}`;
if (lacks === "") onRequest("upgrade", title, suite);
else describe.skip(`${title} (skipped: ${lacks})`, suite);
