import type { Failback } from "../acts/failback/failback";
import { onlyThere, revisionAtRest } from "../acts/failback/only-there";
import type { PrimaryPlan } from "../acts/primary/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import { argument, commandOf } from "../runtimes/process";
import { isRunning, type Running } from "../runtimes/running";
import { hasEtcdOrApi, voters } from "../topology/order";
import { type Host, hasApi, type Topology } from "../topology/topology";

/** A failback in words: the hosts that come back, what runs on them now, and what is set aside. */
export function describeFailback(plan: PrimaryPlan, seen: Observation): string[] {
  const { failback } = plan;
  if (!failback || failback.finished) {
    return [];
  }
  const { from, returned, survivors, deployHost, preferred, demoted, epoch } = failback;
  return [
    `FAILBACK: datacenter ${from.lost} comes back (epoch ${epoch}, after the failover of epoch ${from.epoch})`,
    "",
    `Hosts that return ${names(returned)}`,
    `Hosts that serve  ${names(survivors)}; ${askedFrom(plan.installer, deployHost)}; etcd's leader goes to ${names(preferred)}`,
    ...(demoted
      ? [
          `Roles that swap   ${names(voters(returned))} vote again; ${demoted.name} then becomes ${demoted.etcd === "learner" ? "a learner" : "no member of etcd"} again`,
        ]
      : []),
    "",
    "Hosts that return, as they are now",
    ...returned.map((h) => `  ${h.name.padEnd(12)} ${stateOf(h, seen, epoch)}`),
    ...describeOnlyThere(failback, seen, hasApi(plan)),
    "  Nothing that only they have is merged: it is set aside with their data.",
    "",
    orderOfPower,
    "",
  ];
}

/** The deploy host's part in an act. */
export const askedFrom = (installer: Topology["installer"], deployHost: Host): string => {
  const { program } = installerOf({ installer });
  return program !== undefined
    ? `${program} runs on ${deployHost.name}`
    : hasApi({ installer })
      ? `the API is asked from ${deployHost.name}`
      : `SSH between hosts goes out from ${deployHost.name}; this program tells etcd's clients nothing`;
};

/** Said by both previews. Why: docs/runbook.md, Order of power. */
export const orderOfPower =
  "Order of power: the side that took over serves before the other side gets power, also after a power cut of both.";

/**
 * Tells if only the returned side has some writes, and if it went on writing after the loss.
 * @param byName true if `npm run lost` can name them
 */
function describeOnlyThere(failback: Failback, seen: Observation, byName: boolean): string[] {
  const there = onlyThere(failback, seen);
  if (!there) return [];
  const { host, revision, recovered, written, served } = there;
  const { lost, epoch } = failback.from;
  const at = written === undefined ? "" : `, its newest object is of ${new Date(written).toISOString()}`;
  return [
    `  ${lost} HAS WRITES THAT THE CLUSTER LACKS: ${host.name} is at revision ${revision}${at}; the failover began with ${recovered}.`,
    ...(served ? [`  ${lost} WENT ON AFTER THE LOSS: the confirmation names what is given up.`] : []),
    ...(byName ? [`  By name: \`npm run -s lost -- --epoch ${epoch}\``] : []),
  ];
}

const names = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ");

function stateOf(host: Host, seen: Observation, epoch: number): string {
  const facts = factsOf(seen, host);
  if (!facts) {
    return "can't be reached";
  }
  if (!hasEtcdOrApi(host)) {
    return "a worker: nothing is set aside there";
  }
  if (facts.epoch === epoch) {
    return `knows of epoch ${epoch} already`;
  }
  const { etcd } = facts.processes;
  const revision = revisionAtRest(facts);
  const at = revision === undefined ? "" : `, revision ${revision}`;
  const data = facts.etcdBytes > 0 ? `${facts.etcdBytes} bytes of old data${at}` : "no etcd data";
  if (facts.etcd?.quorum) {
    return `SERVES an old cluster (revision ${facts.etcd.revision}): it is stopped; ${data}`;
  }
  if (!etcd) {
    const kept = Object.keys(facts.processes).filter((name) => name.startsWith("etcd-before-epoch-"));
    return kept.length > 0
      ? `quarantined by the return guard (${kept.join(", ")}); ${data}`
      : `no etcd runs there, a new or rebuilt host; ${data}`;
  }
  return `its old etcd is ${etcd.status}${serversOf(facts.processes["kube-apiserver"])}; ${data}`;
}

function serversOf(apiServer: Running | undefined): string {
  const servers = isRunning(apiServer) ? argument(commandOf(apiServer.process), "etcd-servers") : undefined;
  return servers === undefined ? "" : `, its kube-apiserver runs on ${servers}`;
}
