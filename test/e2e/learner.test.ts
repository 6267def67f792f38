import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../../lab/run";
import { allMoments } from "./failback-kills";
import { noLab, World } from "./world";

const suite = noLab === "" ? describe : describe.skip;

suite(`a learner in the other datacenter${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(240_000);
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
    const deadline = Date.now() + 10_000;
    while ((await etcdctl(learner, "get rke-dr-test --consistency=s --print-value-only")) !== written) {
      assert.ok(Date.now() < deadline, "the learner hasn't got a write after 10 s");
    }
    assert.match((await memberOf()) ?? "", /started, etcd-master3, .*2379, true$/);
  }

  it("is built beside RKE, and no API server asks it", async () => {
    await follows();
    assert.equal(
      await world.on(learner, "docker inspect kube-apiserver | grep -c 'etcd-servers.*192.168.31.103'"),
      "0",
    );
    assert.equal(await world.on(learner, "stat -c %a /etc/kubernetes/ssl/kube-etcd-192-168-31-103-key.pem"), "600");
  });

  it("is left alone by a second up and by `rke up`; preview tells how far behind it is", async () => {
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

  /** @param refused why a failover can't start from it, where its voters are lost at this moment */
  const faults: [what: string, told: RegExp, fault: () => Promise<unknown>, wiped: boolean, refused?: RegExp][] = [
    ["stopped", /STOPPED: container etcd is exited/, () => world.on(learner, "docker stop etcd"), false],
    [
      "corrupted",
      /CORRUPT: its data is damaged: .*panic/,
      async () => {
        await world.lab.corruptEtcd(learner);
        await world.on(learner, "docker restart etcd");
        const panicked = () => world.holds(learner, "[[ $(docker inspect -f '{{.RestartCount}}' etcd) -ge 1 ]]");
        await until("etcd panics", 60, panicked);
      },
      true,
      /(etcd's database must be readable, .* says: panic|its etcd ends with a panic)/,
    ],
    [
      "never started",
      /NEVER STARTED: was added to etcd and never started/,
      async () => {
        await world.on(learner, "docker stop etcd; docker rm etcd; mv /var/lib/etcd/member /var/lib/rke-dr/by-hand");
        const id = ((await memberOf()) ?? "").split(",")[0];
        await etcdctl("master1", `member remove ${id}`);
        await etcdctl("master1", "member add etcd-master3 --learner --peer-urls=https://192.168.31.103:2380");
      },
      false,
      /it has no etcd data in \/var\/lib\/etcd\/member/,
    ],
  ];
  for (const [what, told, fault, wiped, refused] of faults) {
    it(`${what}: preview of both stacks tells it, up repairs it`, async () => {
      const before = Number(await setAside());
      await fault();
      const source = (await world.stops(await world.lab.project())).filter((stop) => stop.startsWith("source: "));
      assert.equal(source.length, refused ? 1 : 0, source.join("\n"));
      if (refused)
        assert.match(source[0] ?? "", new RegExp(`^source: master3, a learner is refused: ${refused.source}`));
      const words = await up();
      assert.match(words, told);
      assert.match(words, /-> master3: /);
      await follows();
      assert.equal(Number(await setAside()), before + (wiped ? 1 : 0));
    });
  }

  it("and then a second up changes nothing", async () => {
    const before = await container();
    await up("--expect-no-changes");
    assert.equal(await container(), before);
  });

  // it takes longer than what counts as lagging
  (allMoments ? it : it.skip)(
    "lagging, its voters out of reach: told, with how far; left as it is until they are back",
    async () => {
      const before = await container();
      const preview = async () => (await world.pulumi(await world.lab.project(), "preview", "--stack", "primary")).all;
      await world.lab.cutLink("b");
      const lagging =
        /master3 +learner +LAGGING: \d+ revisions and [\d.]+ s behind; more than 5000 revisions or 15 s is too far/;
      await until("the learner lags", 90, async () => lagging.test(await preview()));
      await world.lab.heal();
      await until("it has caught up", 60, async () => !/LAGGING/.test(await preview()));
      await up("--expect-no-changes");
      assert.equal(await container(), before);
      await follows();
    },
  );
});
