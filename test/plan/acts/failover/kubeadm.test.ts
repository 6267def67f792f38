import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { planFailover } from "../../../../plan/acts/failover/failover";
import { serves } from "../../../../plan/acts/failover/fence";
import type { FailoverPlan, FailoverSettings } from "../../../../plan/acts/failover/plan";
import { rehearsalProblems } from "../../../../plan/acts/rehearsal/rehearsal";
import { parseTopology } from "../../../../plan/declaration/declaration";
import type { Observation } from "../../../../plan/facts/observation";
import { failoverGuards } from "../../../../plan/guards/failover";
import { manifestsAfter, manifestsInPeace } from "../../../../plan/installers/kubeadm/site";
import { describeOver } from "../../../../plan/preview/describe";
import { survivors } from "../../../../plan/topology/order";
import { allHosts, type Topology } from "../../../../plan/topology/topology";
import type { Mapping } from "../../../../plan/values/mapping";
import { kubeadmTopology } from "../../worlds/kubeadm-world";
import { now, pod, survivor } from "../../worlds/observations";

const declared = kubeadmTopology();

/** What survives the loss of datacenter a. @param manifests that a host has in the place of kubeadm's own */
const seen = (topology: Topology, manifests: Record<string, string> = {}): Observation => ({
  hosts: Object.fromEntries(
    survivors(topology, "a").map((h) => {
      const facts = survivor(topology, h);
      const own = Object.fromEntries(Object.entries(manifests).map(([name, text]) => [name, pod(name, text)] as const));
      return [h.name, { ...facts, processes: { ...facts.processes, ...(h.name === "cp3" ? own : {}) } }];
    }),
  ),
  answers: [],
  at: now,
});

function plan(topology: Topology, how: Partial<FailoverSettings> = {}, observed = seen(topology)): FailoverPlan {
  const settings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2", ...how };
  return planFailover(topology, settings as FailoverSettings, observed);
}

const stepOf = (of: FailoverPlan, name: string) => {
  const found = of.steps.find((s) => s.name === name);
  assert.ok(found, of.steps.map((s) => s.name).join(", "));
  return found;
};

/** The manifest that a SPEC of the runtime holds, as text. */
const manifestIn = (spec: string | undefined): string => {
  assert.match(spec ?? "", /^pod:/);
  return Buffer.from((spec ?? "").slice("pod:".length), "base64").toString();
};

/** The arguments of a run alone, as a SPEC of the runtime holds them. */
const aloneIn = (spec: string | undefined): string[] => {
  assert.match(spec ?? "", /^unit:/);
  return (spec ?? "")
    .slice("unit:".length)
    .split(",")
    .map((word) => Buffer.from(word, "base64").toString());
};

/** Without the annotation by which the program knows what it wrote. */
const withoutMark = (manifest: string): string => manifest.replace(/^ {4}rke-dr\.epoch: "2"\n/m, "");

describe("a failover of a cluster that kubeadm made", () => {
  it("runs neither kubeadm nor anything of another installer", () => {
    const names = plan(declared).steps.map((s) => s.name);
    assert.deepEqual(names, [
      ...["claim-cp3", "snapshot-cp3", "etcd-member-cp3", "kube-apiserver-cp3", "first-write-cp3"],
      ...["endpoint-cp3", "lost-nodes-cp3", "masterleases-cp3", "watchers-cp3", "workers-cp3"],
      ...["verify-member-cp3", "verify-servers-cp3", "verify-cp3", "report-cp3"],
    ]);
  });

  it("leaves etcd's manifest as kubeadm would plan it for a cluster of one, byte by byte but for the epoch's mark", () => {
    const [, final] = stepOf(plan(declared), "etcd-member-cp3").data.split("\n");
    const cp3 = allHosts(declared).find((h) => h.name === "cp3");
    assert.ok(cp3);
    const wanted = manifestsAfter(declared, survivors(declared, "a"), cp3).cp3?.["etcd.yaml"];
    assert.match(manifestIn(final), /rke-dr\.epoch: "2"/);
    assert.equal(withoutMark(manifestIn(final)), wanted);
  });

  it("keeps what a patch has changed in etcd's manifest", () => {
    const patched = parse(manifestsInPeace(declared).cp3?.["etcd.yaml"] ?? "") as Mapping & {
      spec: { containers: Mapping[] };
    };
    Object.assign(patched.spec.containers[0] ?? {}, { resources: { requests: { cpu: "900m" } } });
    patched.spec.containers.push({ name: "beside", image: "r/beside:1" });
    const observed = seen(declared, { etcd: stringify(patched) });
    const of = plan(declared, {}, observed);
    const [, final] = stepOf(of, "etcd-member-cp3").data.split("\n");
    const { spec } = parse(manifestIn(final)) as typeof patched;
    assert.deepEqual(spec.containers[0]?.resources, { requests: { cpu: "900m" } });
    assert.equal(spec.containers[1]?.name, "beside");
  });

  it("forces a copy beside the old data, in a program without network that has kubeadm's certificates", () => {
    const of = plan(declared);
    const [forced] = stepOf(of, "etcd-member-cp3").data.split("\n");
    const [copy, whole] = [aloneIn(stepOf(of, "snapshot-cp3").data), aloneIn(forced)];
    assert.ok(copy.includes("/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/etcd"), copy.join(" "));
    assert.ok(whole.includes("/var/lib/etcd:/var/lib/etcd"), whole.join(" "));
    for (const run of [copy, whole]) {
      assert.deepEqual(run.slice(0, 2), ["registry.k8s.io/etcd:3.6.16-0", "etcd"]);
      assert.deepEqual(run.filter((word) => /^--(force|snapshot-count|listen|initial-cluster)/.test(word)).sort(), [
        "--force-new-cluster",
        "--initial-cluster=cp3=https://192.168.31.113:2380",
        "--listen-client-urls=https://127.0.0.1:2379",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--snapshot-count=1",
      ]);
    }
  });

  it("leaves a kube-apiserver alone that asks the etcd of its own host", () => {
    const step = stepOf(plan(declared), "kube-apiserver-cp3");
    assert.equal(step.data, "");
    assert.match(step.words, /stays as it is/);
  });

  it("takes lost members out of a kube-apiserver's --etcd-servers, if extraArgs list them", () => {
    const servers = ["111", "112", "113"].map((n) => `https://192.168.31.${n}:2379`).join(",");
    const listing = {
      ...declared,
      kubeadm: {
        ...declared.kubeadm,
        apiServer: {
          ...declared.kubeadm?.apiServer,
          extraArgs: [{ name: "etcd-servers", value: servers }],
        },
      },
    } as Topology;
    const manifest = manifestIn(stepOf(plan(listing), "kube-apiserver-cp3").data);
    assert.match(manifest, /- --etcd-servers=https:\/\/192\.168\.31\.113:2379\n/);
    assert.doesNotMatch(manifest, /192\.168\.31\.111:2379/);
  });

  it("restores under a token of its own, and leaves the same manifest", () => {
    const of = plan(declared, { method: "restore" });
    const restore = stepOf(of, "etcd-restore-cp3");
    assert.ok(restore.arguments.includes("rke-dr-lab-epoch-2"), restore.arguments.join(" "));
    const forced = stepOf(plan(declared), "etcd-member-cp3").data.split("\n")[1];
    assert.equal(restore.data, forced);
  });

  it("names no program to its operator that such hosts don't have", () => {
    const observed = seen(declared);
    const cp3 = observed.hosts.cp3;
    assert.ok(cp3?.reachable);
    const starved: Observation = {
      ...observed,
      answers: ["cp1 2379", "cp2 6443"],
      hosts: {
        ...observed.hosts,
        worker2: { reachable: false, host: "worker2", reason: "connect timed out" },
        cp3: {
          ...cp3,
          freeBytes: 1,
          tools: { ...cp3.tools, installer: false },
          etcd: cp3.etcd && { ...cp3.etcd, quorum: true },
          preflight: { ...cp3.preflight, smallestFreeBytes: 1, images: ["another"] },
        },
      },
    };
    const verdicts = failoverGuards(declared, plan(declared, {}, starved), starved);
    const problems = verdicts.flatMap((v) => v.problems);
    assert.ok(problems.length > 4, problems.join("\n"));
    const told = [...problems, ...verdicts.map((v) => v.found)].filter((text) =>
      /docker|\brke\b|RKE|rkestate/.test(text),
    );
    assert.deepEqual(told, []);
  });

  it("asks a lost API at its own port, not at the usual one", () => {
    const file = join(__dirname, "../../../../topologies/kubeadm.yaml");
    const text = readFileSync(file, "utf8").replace(
      "- name: cp1\n",
      "- name: cp1\n        kubeadm: { bindPort: 7443 }\n",
    );
    const own = parseTopology(parse(text));
    const of = plan(own);
    assert.deepEqual(
      ["cp1 7443", "cp1 6443", "cp2 6443", "worker1 6443"].filter((answer) => serves(of, answer)),
      ["cp1 7443", "cp2 6443"],
    );
    const targets = stepOf(of, "snapshot-cp3").arguments.filter((one) => one.startsWith("cp1="));
    assert.deepEqual(
      targets,
      [22, 2379, 7443].map((port) => `cp1=192.168.31.111:${port}`),
    );
  });

  it("says once it is over how the lost datacenter comes back", () =>
    assert.match(describeOver(plan(declared)).join("\n"), /pulumi config set epoch 3 --stack primary/));

  it("has no rehearsal, and says why", () =>
    assert.match(rehearsalProblems(declared).join(), /^topology\.installer: a rehearsal runs .*: kubeadm$/));
});
