import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import { planPrimary } from "../../../plan/acts/primary/primary";
import { endpointMove } from "../../../plan/acts/steps/endpoint";
import { parseFacts } from "../../../plan/facts/facts";
import { endpointNotes, endpointVerdict } from "../../../plan/guards/endpoint";
import { staticPod } from "../../../plan/runtimes/static-pod/static-pod";
import { afterLoss } from "../../../plan/topology/site";
import { allHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { printedFacts } from "../../printed-facts";
import { kubeadmTopology, preflightOf, untouchedCluster } from "../worlds/kubeadm-world";
import { now, survivor } from "../worlds/observations";
import { stepNamed, waits } from "../worlds/step-order";

const topology = kubeadmTopology();
const hosts = allHosts(topology);
const lost = hosts.filter((h) => h.datacenter === "a");
const survivors = hosts.filter((h) => h.datacenter === "b");
const serving = survivors.filter((h) => h.name === "cp3");
const name = "api.lab.test";

/** @param addresses where the name leads from each host */
const notes = (addresses: Record<string, string[]>) =>
  endpointNotes(
    topology,
    survivors,
    serving,
    lost,
    untouchedCluster(topology, (h) => ({ endpoint: { name, addresses: addresses[h.name] ?? [] } })),
  );
const at = { lost: "192.168.31.111", own: "192.168.31.113", balancer: "192.168.31.9" };

describe("where controlPlaneEndpoint leads after a loss", () => {
  it("to a survivor: nothing is said", () => assert.deepEqual(notes({ cp3: [at.own], worker2: [at.own] }), []));

  it("to a lost host: said once for the hosts that agree, with the line to write", () =>
    assert.deepEqual(notes({ cp3: [at.lost], worker2: [at.lost] }), [
      "controlPlaneEndpoint api.lab.test leads to cp1, which is lost, seen from cp3, worker2: workers' kubelets and kubectl reach no API there until it leads to cp3 (192.168.31.113). Move it in DNS; or write `192.168.31.113 api.lab.test` as the first line of /etc/hosts on each of them, and on your own machine",
    ]));

  it("nowhere from one host: said of that host", () => {
    const [note, ...more] = notes({ cp3: [at.own], worker2: [] });
    assert.match(note ?? "", /^controlPlaneEndpoint api\.lab\.test leads nowhere, seen from worker2: /);
    assert.deepEqual(more, []);
  });

  it("to an address of none of the hosts, as a load balancer's: nothing is known, and nothing said", () =>
    assert.deepEqual(notes({ cp3: [at.balancer], worker2: [at.balancer] }), []));

  it("from the operator's machine: said beside the hosts, and nothing if the name isn't known there", () => {
    const seen = untouchedCluster(topology, () => ({ endpoint: { name, addresses: [at.own] } }));
    const of = (addresses: string[]) =>
      endpointNotes(topology, survivors, serving, lost, { ...seen, endpoint: { name, addresses } });
    assert.match(of([at.lost]).join(), /leads to cp1, which is lost, seen from this machine:/);
    assert.deepEqual(of([at.own]), []);
    assert.deepEqual(endpointNotes(topology, survivors, serving, lost, seen), []);
  });

  it("is read from a host's report", () => {
    const none = () => ({ certificates: [], unreadableCertificates: [] });
    const read = (host: string) => parseFacts("cp3", printedFacts({ host, end: "now=0" }), 0, none, staticPod).endpoint;
    assert.deepEqual(read(`endpoint=${name} ${at.lost}`), { name, addresses: [at.lost] });
    assert.deepEqual(read(`endpoint=${name} `), { name, addresses: [] });
    assert.equal(read("arch=x86_64"), undefined);
  });
});

describe("the guard `endpoint` of a failover", () => {
  const { endpoint: _move, ...withoutMove } = topology;
  const settings = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2" } as FailoverSettings;
  /** @param leads where the name leads from each survivor */
  function guard(of: Topology, leads: string, how: Partial<FailoverSettings> = {}) {
    const hosts = survivors.map((h) => [h.name, survivor(of, h, { endpoint: { name, addresses: [leads] } })] as const);
    const seen = { hosts: Object.fromEntries(hosts), answers: [], at: now };
    const plan = planFailover(of, { ...settings, ...how }, seen);
    return { plan, found: endpointVerdict(of, plan, seen) };
  }

  it("holds if the topology has a command, and names it", () => {
    const [found] = guard(topology, at.lost).found;
    assert.deepEqual(found?.problems, []);
    assert.match(
      found?.found ?? "",
      /`up` makes api\.lab\.test lead to cp3 \(192\.168\.31\.113\) by `docs\/move-endpoint\.sh`/,
    );
  });
  it("holds if the name leads to a survivor already", () =>
    assert.deepEqual(guard(withoutMove, at.own).found[0]?.problems, []));
  it("stops without a command, with both ways on", () => {
    const [problem = "", ...more] = guard(withoutMove, at.lost).found[0]?.problems ?? [];
    assert.deepEqual(more, []);
    assert.match(
      problem,
      /^rke-dr:endpoint: must be "by-hand@a@2", since controlPlaneEndpoint api\.lab\.test leads to no survivor: not set\n/,
    );
    assert.match(problem, /`pulumi config set endpoint by-hand@a@2 --stack failover`/);
    assert.match(problem, /`endpoint: \{move: COMMAND\}`/);
  });
  it("doesn't take the word of another act", () =>
    assert.match(
      guard(withoutMove, at.lost, { endpoint: "by-hand@a@1" }).found[0]?.problems.join() ?? "",
      /must be "by-hand@a@2".*: "by-hand@a@1"/,
    ));
  it("takes the operator's word, and the steps then only tell where the name leads", () => {
    const { found, plan } = guard(withoutMove, at.lost, { endpoint: "by-hand@a@2" });
    assert.deepEqual(found[0]?.problems, []);
    const asked = plan.steps.filter((s) => s.script === "endpoint");
    assert.deepEqual(
      asked.map((s) => [s.host.name, /must=no/.test(s.data), /lost=192\.168\.31\.111 192\.168\.31\.112/.test(s.data)]),
      [["cp3", true, true]],
    );
  });

  it("the act isn't verified before the API answers by its name, on control plane hosts and on workers", () => {
    const { steps } = guard(topology, at.lost).plan;
    assert.match(stepNamed(steps, "endpoint-cp3").data, /^name=api\.lab\.test\nport=6443\n.*\nmust=yes$/);
    assert.ok(waits(steps, "verify-cp3", "endpoint-cp3"));
    const scripts = stepNamed(steps, "workers-cp3").onEach?.map((s) => s.script);
    assert.deepEqual(scripts, ["claim", "endpoint", "watchers"]);
  });

  it("survivors record where the name led, and a failback lets it lead there again", () => {
    const { steps } = guard(topology, at.lost).plan;
    assert.match(stepNamed(steps, "claim-cp3").data, /^endpoint=cp1$/m);
    const recorded = { earlierPlan: { endpoint: "cp1" } };
    const seen = untouchedCluster(topology, (h) =>
      h.name === "cp3"
        ? { epoch: 2, act: "failover:a:forceNewCluster:cp3", preflight: preflightOf(topology, h, recorded) }
        : { epoch: 1, act: "primary" },
    );
    const { failback, steps: back } = planPrimary(topology, 3, seen);
    assert.equal(failback?.endpoint?.name, "cp1");
    assert.deepEqual(
      back.filter((s) => s.script === "endpoint").map((s) => s.host.name),
      ["cp1", "cp2", "worker1", "cp3", "worker2"],
    );
    assert.ok(waits(back, "watchers-worker1", "endpoint-worker1"));
    assert.match(stepNamed(back, "claim-cp2").data, /^endpoint=cp1$/m);
  });

  it("the command is told name, address, servers and logins", () => {
    const site = afterLoss(topology, "a", serving[0]);
    assert.deepEqual(endpointMove(topology, site, serving[0] as Host), {
      command: "docs/move-endpoint.sh",
      env: {
        RKE_DR_ENDPOINT: name,
        RKE_DR_TO: at.own,
        RKE_DR_SERVERS: at.own,
        RKE_DR_LOGINS: "root@192.168.31.113:22 root@192.168.31.115:22",
        RKE_DR_SSH_KEY: "~/.ssh/id_ed25519",
        RKE_DR_KNOWN_HOSTS: "",
      },
    });
    assert.equal(endpointMove(withoutMove, site, serving[0] as Host), undefined);
  });
});
