import type { Source } from "../../etcd/source";
import { leastRevision } from "../../etcd/sources";
import { factsOf, type Observation } from "../../facts/observation";
import { deployDir } from "../../installers/rke/cluster-yml";
import { memberName } from "../../installers/rke/etcd";
import { etcdServers, ownServer } from "../../installers/rke/kube-apiserver";
import { type Step, step, stepNames } from "../../steps/steps";
import { controlPlane, onlyRunsPods } from "../../topology/order";
import { type Host, sshTarget, type Topology } from "../../topology/topology";
import { type Replacement, runs } from "../steps/replacement";
import { apiVerification } from "../steps/verification";
import { recordedAttestation } from "./attestation";
import { forceSteps } from "./force";
import { refusedAddresses } from "./isolation";
import type { FailoverPlan } from "./plan";
import { restoreSteps, restoreToken } from "./restore";

/** Where RKE and Rancher put pods that watch the API: DNS, CNI, metrics, ingress, Rancher's agents. */
const watchingNamespaces = ["kube-system", "ingress-nginx", "cattle-system"];

/** The order of a failover: the API first, then everything that only tidies up. */
export function failoverSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps">,
  etcd: Replacement,
  source: Source,
  seen: Observation,
): Step[] {
  const { deployHost, survivors, lostHosts, settings } = plan;
  const server = ownServer(topology, deployHost.datacenter);
  const lostControlPlane = controlPlane(lostHosts).map((h) => h.internalAddress);
  const decided = decision(topology, plan, source);
  const workers = survivors.filter((host) => onlyRunsPods(host) && host.name !== deployHost.name);
  const leading = survivors.filter((host) => !workers.includes(host));
  const claims = leading.map((host) =>
    step("claim", host, "Claim", {
      data: decided,
      words: `tell the host of epoch ${settings.epoch}; older epochs are refused from here on`,
      intact: factsOf(seen, host)?.act === plan.act,
    }),
  );
  const etcdSteps =
    plan.method === "restore"
      ? restoreSteps(topology, plan, etcd, source, seen, stepNames(claims))
      : forceSteps(topology, plan, etcd, seen, stepNames(claims));
  const recovery = etcdSteps.member.slice(-1);
  const apiServers = plan.apiServers.map((replacement) =>
    step("kube-apiserver", replacement.host, "KubeApiServer", {
      data: replacement.body,
      ...beside(recovery, replacement.host),
      words: `recreate kube-apiserver with --etcd-servers=${etcdServers(plan.site, replacement.host)}`,
      intact: runs(factsOf(seen, replacement.host), replacement),
    }),
  );
  const own = apiServers.filter(({ host }) => host.name === deployHost.name);
  const firstWrite = step("first-write", deployHost, "KubeApiServer", {
    arguments: [server, ...own.map((s) => s.script)],
    after: stepNames([...recovery, ...apiServers]),
    // a kube-apiserver takes writes a second before it calls itself ready
    beside: stepNames(own),
    limit: 300,
    words: "write through the API: here the recovery time ends",
  });
  const watchers = leading.map((host) =>
    step("watchers", host, "Cleanup", {
      after: [firstWrite.name],
      words: "restart controller-manager, scheduler, kubelet and kube-proxy",
    }),
  );
  const others = workers.length === 0 ? [] : [onWorkers(topology, plan, workers, decided, seen, firstWrite)];
  const tidying = [
    step("lost-nodes", deployHost, "Cleanup", {
      arguments: [server, ...lostHosts.map((h) => h.name)],
      after: [firstWrite.name],
      words: `delete the Nodes ${lostHosts.map((h) => h.name).join(", ")}`,
    }),
    step("masterleases", etcd.host, "Cleanup", {
      arguments: lostControlPlane,
      after: [firstWrite.name],
      words: `take ${lostControlPlane.join(", ")} out of the endpoints of the Service kubernetes`,
    }),
    ...watchers,
    ...others,
    ...(plan.method === "restore"
      ? [
          step("addons", deployHost, "Cleanup", {
            arguments: [server, ...watchingNamespaces],
            // it is the controller-manager that replaces the pods
            after: stepNames(watchers),
            words: `restart, as \`kubectl rollout restart\` does, what runs in ${watchingNamespaces.join(", ")}: restored revisions come a second time`,
          }),
        ]
      : []),
    step("rke-state", deployHost, "RkeCluster", {
      arguments: [server, etcd.host.address, ...lostHosts.map((h) => h.address)],
      data: plan.clusterYml.after,
      after: [firstWrite.name],
      words: `take the lost hosts, and what else has left the topology, out of ${deployDir}/cluster.yml and of cluster.rkestate's current state`,
    }),
  ];
  const rkeUp = step("rke-up", deployHost, "RkeCluster", {
    arguments: [server],
    data: plan.clusterYml.after,
    after: stepNames([...tidying, ...apiServers]),
    limit: 1800,
    words: "rke up, which finds nothing to do but the workers' nginx-proxy",
  });
  const verification = [
    step("verify-member", etcd.host, "Verification", {
      arguments: [memberName(etcd.host), ...(plan.method === "restore" ? refusedAddresses(lostHosts) : [])],
      after: [...stepNames(etcdSteps.isolation), rkeUp.name],
      words: "member list, no --force-new-cluster left",
    }),
    ...apiVerification(plan.site, deployHost, server, lostControlPlane, rkeUp.name),
  ];
  const report = step("report", deployHost, "Evidence", {
    after: stepNames(verification),
    words: "keep the report in /var/lib/rke-dr/reports",
  });
  const acting = [
    ...etcdSteps.member,
    ...apiServers,
    firstWrite,
    ...tidying,
    ...etcdSteps.isolation,
    rkeUp,
    ...verification,
    report,
  ];
  const coming = recordsByHost(acting);
  return [...claims.map((claim) => announcing(claim, coming.get(claim.host.name) ?? [])), ...acting];
}

/**
 * Hosts that only run pods hear of the epoch and have their watchers restarted when the API is back, all in one step: nothing that
 * serves waits for them, and there may be hundreds.
 */
function onWorkers(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps">,
  workers: Host[],
  decided: string,
  seen: Observation,
  firstWrite: Step,
): Step {
  const limit = 120;
  const { epoch } = plan.settings;
  const done = (host: Host) => {
    const facts = factsOf(seen, host);
    return facts?.act === plan.act && facts.steps.watchers?.epoch === epoch;
  };
  return step("workers", plan.deployHost, "Cleanup", {
    arguments: workers.map((host) => `${host.name}=${sshTarget(topology, host)}`),
    onEach: [
      { script: "claim", data: `${decided}\nsteps=watchers`, limit },
      { script: "watchers", data: "", limit },
    ],
    after: [firstWrite.name],
    limit: 600 + 10 * workers.length,
    words: `by SSH from here, on ${named(workers)}: tell of epoch ${epoch}, restart kubelet and kube-proxy`,
    intact: workers.every(done),
  });
}

const named = (hosts: Host[]): string =>
  hosts.length > 8 ? `${hosts.length} workers` : hosts.map((h) => h.name).join(", ");

/**
 * On the host whose etcd is recovered kube-apiserver is recreated meanwhile, and waits there for what it needs; elsewhere
 * afterwards: what a host does is known on that host alone.
 */
function beside(recovery: Step[], host: Host): Pick<Step, "arguments" | "after" | "beside" | "limit"> {
  const [there] = recovery.filter((s) => s.host.name === host.name);
  return there
    ? {
        arguments: [there.script, host.internalAddress],
        after: there.after,
        ...(there.beside ? { beside: there.beside } : {}),
        limit: there.limit + 300,
      }
    : { arguments: [], after: stepNames(recovery), limit: 300 };
}

/** A claim says what is to come on its host: so a later act can tell whether this one was finished. */
function announcing(claim: Step, coming: string[]): Step {
  return { ...claim, data: `${claim.data}\nsteps=${coming.join(" ")}` };
}

function recordsByHost(steps: Step[]): Map<string, string[]> {
  const records = new Map<string, string[]>();
  for (const step of steps) {
    records.set(step.host.name, [...(records.get(step.host.name) ?? []), step.script]);
  }
  return records;
}

/** What a rerun of this act must not decide anew. */
function decision(topology: Topology, plan: Omit<FailoverPlan, "steps">, source: Source): string {
  return [
    `source=${source.name}`,
    `member=${source.host.name}`,
    `method=${plan.method}`,
    `lost=${plan.settings.lost}`,
    ...(plan.method === "restore"
      ? [`token=${restoreToken(topology, plan.settings.epoch)}`, `take=${source.take}`, `least=${leastRevision(plan)}`]
      : []),
    `dataAsOf=${source.dataAsOf ?? ""}`,
    `revision=${source.revision ?? ""}`,
    `attest=${recordedAttestation(plan.settings)}`,
  ].join("\n");
}
