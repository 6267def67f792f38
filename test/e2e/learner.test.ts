import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../../lab/machine/run";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

suite(`a learner in the other datacenter${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  const learner = "master3";

  before(async function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
    await world.build({ topology: join(__dirname, "../../topologies/learner.yaml") });
  });
  after(() => world.lab.down());

  /** An `up` with its preview, whose words it returns. */
  async function up(...more: string[]): Promise<string> {
    const result = await world.pulumi(await world.lab.project(), "up", "--yes", ...more, "--stack", "primary");
    assert.equal(result.code, 0, result.all);
    return result.all;
  }
  const etcdctl = (host: string, what: string) => world.on(host, `docker exec etcd etcdctl ${what}`);
  const container = () => world.on(learner, "docker inspect --format '{{.Id}} {{.State.StartedAt}}' etcd");
  const memberOf = async () => (await etcdctl("master1", "member list")).split("\n").find((m) => m.includes(learner));
  const setAside = () => world.on(learner, "ls -d /var/lib/rke-dr/epoch-1/etcd-data-*/member 2>/dev/null | wc -l");

  /** It follows, without a vote, and has what was written a moment ago. */
  async function follows(): Promise<void> {
    const written = String(Date.now());
    await etcdctl("master1", `put rke-dr-test ${written}`);
    const has = () => etcdctl(learner, "get rke-dr-test --consistency=s --print-value-only");
    await until("the write at the learner", 60, async () => (await has()) === written);
    assert.match((await memberOf()) ?? "", /started, etcd-master3, .*2379, true$/);
  }

  it("primary builds the learner beside RKE, and no API server has it among its endpoints", async () => {
    await follows();
    assert.equal(
      await world.on(learner, "docker inspect kube-apiserver | grep -c 'etcd-servers.*192.168.31.103'"),
      "0",
    );
    assert.equal(await world.on(learner, "stat -c %a /etc/kubernetes/ssl/kube-etcd-192-168-31-103-key.pem"), "600");
  });

  it("a second up and `rke up` leave the learner alone; preview shows how far it is behind", async () => {
    const before = await container();
    assert.match(await up("--expect-no-changes"), /master3 +learner +\d+ revisions( and \d+\.\d s)? behind/);
    const rke = await world.on(
      learner,
      "cd /etc/rke-dr && rke up --ignore-docker-version --config cluster.yml 2>&1 | tail -1",
    );
    assert.match(rke, /Finished building Kubernetes cluster successfully/);
    assert.equal(await container(), before);
    await follows();
  });

  const faults: [what: string, told: RegExp, fault: () => Promise<unknown>, wiped: boolean][] = [
    ["stopped", /STOPPED: etcd doesn't run: exited/, () => world.on(learner, "docker stop etcd"), false],
    [
      "corrupted",
      /CORRUPT: its data is damaged: .*panic/,
      async () => {
        await world.lab.corruptEtcd(learner);
        await world.on(learner, "docker restart etcd");
        // a look before that would find an etcd that starts
        await until("a panic of etcd", 60, () =>
          world.holds(learner, "docker logs --tail 200 etcd 2>&1 | grep -q panic"),
        );
      },
      true,
    ],
    [
      "added and never started",
      /NEVER STARTED: was added to etcd and never started/,
      async () => {
        await world.on(learner, "docker stop etcd; docker rm etcd; mv /var/lib/etcd/member /var/lib/rke-dr/by-hand");
        const id = ((await memberOf()) ?? "").split(",")[0];
        await etcdctl("master1", `member remove ${id}`);
        await etcdctl("master1", "member add etcd-master3 --learner --peer-urls=https://192.168.31.103:2380");
      },
      false,
    ],
  ];
  for (const [what, told, fault, wiped] of faults) {
    it(`preview reports a learner that is ${what}, and up repairs it`, async () => {
      const before = Number(await setAside());
      await fault();
      const words = await up();
      assert.match(words, told);
      assert.match(words, /-> master3: /);
      await follows();
      assert.equal(Number(await setAside()), before + (wiped ? 1 : 0));
    });
  }
});
