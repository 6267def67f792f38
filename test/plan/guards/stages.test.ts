import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import { fencesDue } from "../../../plan/acts/failover/fence";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import type { Observation } from "../../../plan/facts/observation";
import { failoverGuards } from "../../../plan/guards/failover";
import { failoverNotes, powerCutOfAll } from "../../../plan/guards/notes";
import { describeFailover } from "../../../plan/preview/describe";
import { failedOver } from "../worlds/failed-over";
import { afterLossOfA, now } from "../worlds/observations";
import { ready } from "../worlds/settings";
import { seed } from "../worlds/topologies";

/** The lost side's hosts as they are in quarantine: on, and without etcd and API. */
const quarantined = ["master1 22", "master1 2379 refused", "master1 6443 refused", "node1 22", "node1 6443"];
/** A rerun from a fresh clone, whose operator has confirmed, and can't attest any more that the lost side is off. */
const rerun: FailoverSettings = { ...ready, attest: undefined };

const fenced = () => ({ ...seed(), fence: { master1: "true", master2: "true", node1: "true" } });

function stops(seen: Observation, settings = rerun): string[] {
  const plan = planFailover(seed(), settings, seen);
  return failoverGuards(seed(), plan, seen)
    .filter((v) => !v.ok)
    .map((v) => `${v.guard}: ${v.problems.join("\n")}`);
}

/** The seed's failover, whose steps have been done up to `rke-up`, or all of them. */
function world(how: "ends" | "over"): Observation {
  const { seen, master3 } = failedOver(planFailover(seed(), ready, afterLossOfA(seed())));
  if (how === "ends") {
    delete master3.steps["rke-up"];
  }
  return seen;
}

describe("a failover whose etcd serves already", () => {
  it("is finished while the lost side has power and is in quarantine, without a new attestation", () => {
    const seen = { ...world("ends"), answers: quarantined };
    assert.equal(planFailover(seed(), rerun, seen).stage, "ends");
    assert.deepEqual(stops(seen), []);
  });

  it("stops while a lost host serves, and says how that ends", () => {
    const told = stops({ ...world("ends"), answers: [...quarantined, "master2 2379"] });
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(
      told[0] ?? "",
      /^lost side is silent: a: must not serve any more: master2 port 2379 answers the operator\n/,
    );
    assert.match(
      told[0] ?? "",
      /return guard stops .*\n.*`docker stop etcd kube-apiserver` on master2, or switch it off/,
    );
  });

  it("fences nobody: who was switched on may be in quarantine", () => {
    const seen = { ...world("ends"), answers: quarantined };
    assert.deepEqual(fencesDue(fenced(), planFailover(fenced(), rerun, seen), seen), []);
  });

  it("still asks whether the right cluster and act are meant", () => {
    const seen = world("ends");
    assert.match(stops(seen, { ...rerun, confirm: undefined }).join(), /^confirmation/);
    assert.match(stops(seen, { ...rerun, method: "restore" }).join(), /^epoch: /);
  });
});

describe("a failover that is over", () => {
  const seen = { ...world("over"), answers: quarantined };
  const plan = planFailover(seed(), { ...rerun, confirm: undefined }, seen);

  it("is stopped by nothing while the lost side has power", () => {
    assert.equal(plan.stage, "over");
    assert.deepEqual(stops(seen, { ...rerun, confirm: undefined }), []);
  });

  it("says that it is over, and how the datacenter comes back", () => {
    const text = describeFailover(plan, failoverGuards(seed(), plan, seen), [], now);
    assert.match(text, /^NOTHING TO DO: .*\nFAILOVER: epoch 2 is over, nothing is left to do\n/);
    assert.match(
      text,
      /pulumi config set epoch 3 --stack primary\n +pulumi config set confirm primary@3 --stack primary/,
    );
    assert.match(text, /Guards: all hold/);
  });

  it("is an act that ends again if what it made is gone", () => {
    const broken = world("over");
    const { master3 } = broken.hosts;
    assert.ok(master3?.reachable);
    delete master3.processes["kube-apiserver"];
    assert.equal(planFailover(seed(), rerun, broken).stage, "ends");
    delete master3.processes.etcd;
    assert.equal(planFailover(seed(), rerun, broken).stage, "begins");
  });
});

describe("before a failover", () => {
  const told = (change: Parameters<typeof afterLossOfA>[1], answers: string[] = []) => {
    const seen = afterLossOfA(seed(), change, answers);
    const plan = planFailover(seed(), ready, seen);
    return { seen, plan, notes: failoverNotes(seed(), plan, seen) };
  };

  it("a lost worker that answers makes the guard say which voters bring quorum back", () => {
    const told = stops(afterLossOfA(seed(), {}, ["node1 22"]), ready).join("\n");
    assert.match(
      told,
      /^lost side is silent: a: must be silent, as a lost datacenter is: node1 port 22 answers the operator\n/,
    );
    assert.match(
      told,
      /Can 1 of master1, master2 serve again\? Then start it, `docker start etcd` there: .* no failover is needed/,
    );
    assert.match(told, /If not: switch node1 off, then run this again$/);
  });

  it("survivors that have just booted themselves make preview say to wait, above all else", () => {
    const { seen, plan } = told({ master3: { upSeconds: 70 }, node2: { upSeconds: 65 } });
    const text = describeFailover(plan, [], [], now, [], powerCutOfAll(plan, seen));
    assert.match(
      text,
      /^FAILOVER: .*\n\nWAIT: the hosts that survive have only just booted, too, 1 min 10 s ago\. After a power cut of all, a's hosts/m,
    );
    const one = told({ master3: { upSeconds: 70 }, node2: { upSeconds: 86_400 } });
    assert.deepEqual(powerCutOfAll(one.plan, one.seen), []);
  });

  it("hosts that the cluster knows and the topology lacks are named, with what the act does to them", () => {
    const { deploy } = told({}).seen.hosts.master3 as { deploy: { clusterYml: string } };
    const yml = "nodes:\n- address: 192.168.31.110\n  hostname_override: gone\n- address: 192.168.31.111\n";
    const { notes } = told({
      master3: {
        deploy: {
          ...(deploy as object),
          clusterYml: yml,
          nodes: [{ address: "192.168.31.110", name: "gone" }],
        } as never,
        nodes: ["master3", "gone", "192.168.31.111", "guest"],
      },
    });
    assert.deepEqual(
      notes.map((n) => n.slice(0, 60)),
      [
        "gone (192.168.31.110) isn't in Pulumi.yaml, but in what RKE ",
        "192.168.31.111 (192.168.31.111) isn't in Pulumi.yaml, but in",
        "guest is a Node that neither Pulumi.yaml nor RKE has: `up` d",
      ],
    );
    assert.match(notes[0] ?? "", /takes it out of cluster\.yml and of that state and deletes its Node/);
  });

  it("a certificate that has expired and isn't used by the recovery is told as a note", () => {
    const node = { notBefore: 0, notAfter: 1, dnsNames: [], ipAddresses: [], signed: undefined, name: "kube-node" };
    const { seen } = told({});
    const { preflight } = seen.hosts.node2 as unknown as { preflight: object };
    const { notes } = told({
      node2: {
        preflight: { ...preflight, certificates: [{ ...node, file: "/etc/kubernetes/ssl/kube-node.pem" }] } as never,
      },
    });
    assert.match(
      notes.join(),
      /^node2: .*kube-node\.pem must be valid: has expired on .*\. The recovery doesn't use it$/,
    );
  });
});
