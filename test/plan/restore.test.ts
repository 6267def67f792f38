import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeFailover } from "../../plan/describe";
import { type FailoverSettings, planFailover } from "../../plan/failover";
import { failoverGuards } from "../../plan/guards";
import { afterLossOfA, container, now, record } from "./observations";
import { seed } from "./topologies";

const golden = (name: string) =>
  JSON.parse(readFileSync(join(__dirname, "../golden/rke-plan", `${name}.plan.json`), "utf8"));
const settings: FailoverSettings = {
  lost: "a",
  epoch: 2,
  from: "auto",
  method: "restore",
  confirm: "a@2",
  attest: undefined,
};
const refused = ["192.168.31.101", "192.168.31.102", "192.168.31.104"];

describe("a voter's data restored as a cluster of its own", () => {
  const seen = afterLossOfA(seed());
  const plan = planFailover(seed(), settings, seen);
  const restore = plan.steps.find((s) => s.name === "etcd-restore-master3");

  it("is another act than forcing it", () => assert.equal(plan.act, "failover:a:restore:master3"));

  it("leaves etcd as RKE plans it: the token is the restore's alone", () => {
    const body = JSON.parse(restore?.data ?? "") as { Cmd: string[]; HostConfig: { RestartPolicy: { Name: string } } };
    assert.deepEqual([...body.Cmd].sort(), golden("force-new-cluster.failover.yml")["master3/etcd"].args);
    assert.ok(body.Cmd.includes("--initial-cluster-token=etcd-cluster-1"));
    assert.ok(restore?.arguments.includes("rke-dr-lab-epoch-2"));
    assert.equal(body.HostConfig.RestartPolicy.Name, "always");
  });

  it("never forces", () => assert.ok(!JSON.stringify(plan.steps).includes('--force-new-cluster"')));

  it("refuses every lost host before etcd starts, and looks whether it stays so", () => {
    for (const name of ["etcd-restore-master3", "isolate-master3", "verify-member-master3"]) {
      const step = plan.steps.find((s) => s.name === name);
      assert.deepEqual(step?.arguments.slice(-3), refused, name);
    }
  });

  it("keeps its token for a rerun", () => {
    assert.match(plan.steps[0]?.data ?? "", /^source=master3\nmethod=restore\nlost=a\ntoken=rke-dr-lab-epoch-2\n/);
  });

  it("says in preview that nobody attests, and what that means", () => {
    const text = describeFailover(plan, failoverGuards(seed(), plan, seen), [], now);
    assert.match(text, /method restore\)/);
    assert.match(text, /nobody attests that master1, master2, node1 are down.*both clusters go on, apart/);
    assert.match(text, /refuses 192\.168\.31\.101, .* at ports 2379 and 2380, after reboots too, until failback/);
  });

  describe("when all is done", () => {
    /** Everything was done in epoch 2; the isolation is as given. */
    function due(isolation: { firewall: boolean; refused: string[]; boot: string }) {
      const done = afterLossOfA(seed());
      for (const host of Object.values(done.hosts)) {
        assert.ok(host.reachable);
        host.epoch = 2;
        host.act = plan.act;
        host.isolation = isolation;
        for (const step of plan.steps) {
          const name = step.script.split(" ").at(-1) ?? "";
          host.steps[name] = record(name, 2, 1);
        }
      }
      const master3 = done.hosts.master3;
      assert.ok(master3?.reachable && plan.etcd && plan.apiServers[0]);
      master3.plan = { source: "master3", begun: "yes", revision: "478" };
      master3.containers.etcd = container(plan.etcd.after, "running", 2);
      master3.containers["kube-apiserver"] = container(plan.apiServers[0].after, "running", 2);
      return planFailover(seed(), settings, done)
        .steps.filter((s) => s.due)
        .map((s) => s.name);
    }
    const stands = { firewall: true, refused, boot: "/etc/default/docker" };

    it("nothing is due", () => assert.deepEqual(due(stands), []));
    for (const [what, isolation] of [
      ["a flushed rule", { ...stands, refused: refused.slice(1) }],
      ["a boot that would forget it", { ...stands, boot: "" }],
    ] as const) {
      it(`${what} is mended, and nothing else is touched`, () =>
        assert.deepEqual(due(isolation), ["isolate-master3", "verify-member-master3"]));
    }
  });
});
