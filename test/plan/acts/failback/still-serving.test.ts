import assert from "node:assert/strict";
import { planPrimary } from "../../../../plan/acts/primary/primary";
import type { Reachable } from "../../../../plan/facts/facts";
import { primaryGuards } from "../../../../plan/guards/primary";
import { guarded, hostOf, memberOf, returned, serving, topology } from "../../worlds/failback-world";
import { kubeadmReturned } from "../../worlds/kubeadm-returned";
import { kubeadmTopology } from "../../worlds/kubeadm-world";
import { podsOn, record, survivor } from "../../worlds/observations";

/** What the guard says of a failback whose returned hosts say `change`. */
function told(change: Record<string, Partial<Reachable>>): string | undefined {
  const seen = returned(change);
  const verdicts = primaryGuards(topology, planPrimary(topology, 3, seen), seen, undefined, "primary@3");
  return verdicts.find((v) => v.guard === "the returned side is silent" && !v.ok)?.problems.join("\n");
}

describe("a failback whose returned side still serves", () => {
  const host = hostOf(topology);
  const old: Partial<Reachable> = { etcd: serving(topology), members: [memberOf(host("master1"))] };
  const own = (name: string) => survivor(topology, host(name)).processes;

  it("is refused by the hosts' names, and told to wait where return guards run", () => {
    const words = told({
      master1: { ...old, processes: { ...own("master1"), ...guarded } },
      master2: { ...old, processes: { ...own("master2"), ...guarded } },
    });
    assert.match(words ?? "", /^a: must not serve any more: etcd on master1, master2 answers linearizable reads, .*\n/);
    assert.match(words ?? "", /\nThe return guard stops .* wait, then run this again\n/);
    assert.match(
      words ?? "",
      /\nIf it goes on: `docker stop etcd kube-apiserver` on master1, master2, or switch it off$/,
    );
  });

  it("is told to stop it where no return guard does", () => {
    const words = told({ master1: old, master2: { ...old, processes: guarded } });
    assert.match(
      words ?? "",
      /\nNo return guard stops it: `docker stop etcd kube-apiserver` on master1, or switch it off$/,
    );
    assert.doesNotMatch(words ?? "", /wait/);
  });

  for (const [what, change] of [
    ["its etcd has no majority", { etcd: { ...serving(topology), quorum: false } }],
    ["its etcd doesn't answer", { etcd: undefined }],
    [
      "what runs there is this failback's, whose join was killed",
      { ...old, epoch: 3, steps: { quarantine: record("quarantine", 3, 1) } },
    ],
  ] as [string, Partial<Reachable>][]) {
    it(`isn't refused if ${what}`, () => assert.equal(told({ master1: change }), undefined));
  }
});

describe("a failback of kubeadm's cluster whose survivor has no etcd for the moment", () => {
  it("is told the commands of its own runtime", () => {
    const of = kubeadmTopology();
    const cp3 = hostOf(of)("cp3");
    const { etcd, ...others } = podsOn(of, cp3);
    assert.ok(etcd);
    const seen = kubeadmReturned(of, {
      cp3: { etcd: undefined, members: [], processes: { ...others, "etcd-before-epoch-3": etcd } },
    });
    const problems = primaryGuards(of, planPrimary(of, 3, seen), seen, undefined, "primary@3").flatMap(
      (v) => v.problems,
    );
    assert.match(
      problems.join("\n"),
      /^On cp3 it is set aside: `mv \/var\/lib\/rke-dr\/pods\/etcd-before-epoch-3\.yaml \/etc\/kubernetes\/manifests\/etcd\.yaml`$/m,
    );
    assert.match(problems.join("\n"), /^`systemctl restart kubelet` on cp3, then `up` again$/m);
    assert.doesNotMatch(problems.join("\n"), /docker/);
  });
});
