import type { Source } from "../../etcd/source";
import { leastRevision } from "../../etcd/sources";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Installer } from "../../installers/installer";
import { installerOf } from "../../installers/installers";
import { argument, commandOf } from "../../runtimes/process";
import { leftOutIn, leftOutLine } from "../../steps/act";
import { type Step, step, stepNames } from "../../steps/steps";
import { controlPlane, onlyRunsPods } from "../../topology/order";
import { serverUrl } from "../../topology/servers";
import { allHosts, type Host, hasApi, sshTarget, sshUsers, type Topology } from "../../topology/topology";
import { type EndpointCheck, endpointData, endpointLeadsTo, endpointSteps } from "../steps/endpoint";
import { type Replacement, runs } from "../steps/replacement";
import { apiVerification, dataVerification, writeToEtcd } from "../steps/verification";
import { endpointByHand, recordedAttestation } from "./attestation";
import { forceSteps } from "./force";
import { refusedAddresses } from "./isolation";
import { joinSteps, serverSteps, stopSteps } from "./other-members";
import type { FailoverPlan } from "./plan";
import { restoreSteps, restoreToken } from "./restore";
import type { EtcdSteps } from "./source-step";

/** The inputs for the steps of one failover. */
interface Failover {
  topology: Topology;
  installer: Installer;
  plan: Omit<FailoverPlan, "steps" | "stage">;
  etcd: Replacement;
  source: Source;
  seen: Observation;
  /** The URL of the kube-apiserver that the deploy host asks. */
  server: string;
  /** Addresses under which lost API servers stand in the endpoints of the Service kubernetes. */
  lostServers: string[];
  /** The decisions that each claimed host records, so that a rerun of this act keeps to them. */
  decided: string;
  /** Survivors that only run pods; all others are claimed before anything is changed. */
  workers: Host[];
}

/**
 * The steps of a failover, in the order in which preview lists them: hosts are claimed, the API is made to serve, then what only tidies up.
 * They run in the order of each step's `after`, several at a time where that permits it.
 */
export function failoverSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps" | "stage">,
  etcd: Replacement,
  source: Source,
  seen: Observation,
): Step[] {
  const act: Failover = {
    topology,
    installer: installerOf(topology),
    plan,
    etcd,
    source,
    seen,
    server: serverUrl(plan.server),
    lostServers: controlPlane(plan.lostHosts).map((h) => h.internalAddress),
    decided: decision(topology, plan, source, seen),
    workers: plan.survivors.filter((host) => onlyRunsPods(host) && host.name !== plan.deployHost.name),
  };
  const claims = claimSteps(act);
  const recovery = recoverySteps(act, claims);
  const stopped = stopSteps(plan, stepNames([...recovery.member.slice(0, 1), ...claims]));
  const apiServers = apiServerSteps(act, recovery);
  const firstWrite = firstWriteStep(act, recovery, apiServers);
  const joined = joinSteps(topology, plan, etcd.host, seen, firstWrite, stopped);
  const byName = beforeTheName(topology, plan, firstWrite, joined);
  const named = endpointSteps(topology, plan.site.controlPlane, endpointCheck(plan), byName);
  const tidying = tidySteps(act, firstWrite, byName);
  // steps that tidy up ask an API server, which must not be recreated meanwhile
  const servers = serverSteps(plan, seen, [...joined, ...tidying]);
  const tidied = [...tidying, ...apiServers, ...named, ...joined, ...servers];
  // where etcd is alone nothing may be left to tidy up
  const done = tidied.length > 0 ? tidied : [firstWrite];
  const settled = settlingSteps(act, firstWrite, done);
  const run = settled.slice(-1);
  const verification = verificationSteps(act, recovery, stepNames(run.length > 0 ? run : done));
  return announced(claims, [
    ...recovery.brought,
    ...recovery.member,
    ...stopped,
    ...apiServers,
    firstWrite,
    ...named,
    ...tidying,
    ...joined,
    ...servers,
    ...settled.slice(0, -1),
    ...recovery.isolation,
    ...run,
    ...verification,
    reportStep(act, verification),
  ]);
}

function claimSteps({ plan, seen, decided, workers }: Failover): Step[] {
  return plan.survivors
    .filter((host) => !workers.includes(host))
    .map((host) =>
      step("claim", host, "Claim", {
        data: decided,
        words: `tell the host of epoch ${plan.settings.epoch}; older epochs are refused from here on`,
        intact: factsOf(seen, host)?.act === plan.act && hasRecorded(plan, factsOf(seen, host)),
      }),
    );
}

/** True if the host knows which hosts the act goes on without. */
const hasRecorded = ({ leftOut }: Failover["plan"], facts: Reachable | undefined): boolean =>
  leftOutIn(facts?.plan ?? {}).join() === leftOut.map((h) => h.name).join();

const recoverySteps = ({ topology, plan, etcd, source, seen }: Failover, claims: Step[]): EtcdSteps =>
  plan.method === "restore"
    ? restoreSteps(topology, plan, etcd, source, seen, stepNames(claims))
    : forceSteps(topology, plan, etcd, seen, stepNames(claims));

function apiServerSteps({ plan, seen }: Failover, { member }: EtcdSteps): Step[] {
  return plan.apiServers.map((replacement) => {
    const { host, after } = replacement;
    const later = plan.finalApiServers.filter((r) => r.host.name === host.name);
    return step("kube-apiserver", host, "KubeApiServer", {
      data: replacement.body,
      ...beside(member.slice(-1), host),
      words:
        replacement.body === ""
          ? "kube-apiserver asks the etcd of its own host and stays as it is: begun anew, without back-off, when that etcd serves"
          : `recreate kube-apiserver with --etcd-servers=${argument(commandOf(after), "etcd-servers")}`,
      intact: [replacement, ...later].some((r) => runs(factsOf(seen, host), r)),
    });
  });
}

function firstWriteStep({ topology, plan, etcd, server }: Failover, { member }: EtcdSteps, apiServers: Step[]): Step {
  if (!hasApi(topology)) {
    return writeToEtcd(plan.site, etcd.host, stepNames(member.slice(-1)));
  }
  const own = apiServers.filter(({ host }) => host.name === plan.deployHost.name);
  return step("first-write", plan.deployHost, "KubeApiServer", {
    arguments: [server, ...own.map((s) => s.script)],
    after: stepNames([...member.slice(-1), ...apiServers]),
    // a kube-apiserver takes writes a second before it calls itself ready
    beside: stepNames(own),
    limit: 300,
    words: "write through the API: here the recovery time ends",
  });
}

/**
 * The steps before the API is asked by its name. A name that no command moves may lead to a survivor whose kube-apiserver serves only once its etcd has
 * joined.
 */
const beforeTheName = (topology: Topology, plan: Failover["plan"], firstWrite: Step, joined: Step[]): Step[] =>
  topology.endpoint?.move === undefined && plan.apiServers.length < plan.site.controlPlane.length
    ? [firstWrite, ...joined]
    : [firstWrite];

function tidySteps(act: Failover, firstWrite: Step, byName: Step[]): Step[] {
  const { plan, etcd, server, lostServers, workers } = act;
  const { deployHost, lostHosts, survivors } = plan;
  const lostNodes = lostHosts.filter(act.installer.isNode);
  const watchers = survivors
    .filter((host) => !workers.includes(host) && act.installer.isNode(host))
    .map((host) =>
      step("watchers", host, "Cleanup", {
        after: [firstWrite.name],
        words: "restart controller-manager, scheduler, kubelet and kube-proxy",
      }),
    );
  return [
    ...(lostNodes.length === 0
      ? []
      : [
          step("lost-nodes", deployHost, "Cleanup", {
            arguments: [server, ...lostNodes.map((h) => h.name)],
            after: [firstWrite.name],
            words: `delete the Nodes ${lostNodes.map((h) => h.name).join(", ")}`,
          }),
        ]),
    ...(hasApi(act.topology)
      ? [
          step("masterleases", etcd.host, "Cleanup", {
            arguments: lostServers,
            after: [firstWrite.name],
            words: `take ${lostServers.join(", ")} out of the endpoints of the Service kubernetes`,
          }),
        ]
      : []),
    ...watchers,
    ...(workers.length === 0 ? [] : [onWorkers(act, byName)]),
    ...(plan.method === "restore" && hasApi(act.topology)
      ? [
          step("addons", deployHost, "Cleanup", {
            arguments: [server, ...act.installer.watchingNamespaces],
            // it is the controller-manager that replaces the pods
            after: stepNames(watchers),
            words: `restart, as \`kubectl rollout restart\` does, what runs in ${act.installer.watchingNamespaces.join(", ")}: it watches the API since before the restore`,
          }),
        ]
      : []),
  ];
}

const settlingSteps = ({ installer, plan, etcd, server }: Failover, firstWrite: Step, before: Step[]) =>
  installer.settleLoss({ site: plan.site, member: etcd.host, server, firstWrite, before });

function verificationSteps(
  { installer, plan, etcd, server, lostServers }: Failover,
  recovery: EtcdSteps,
  settled: string[],
): Step[] {
  const { voters, learner } = plan.site;
  const members = [
    ...voters.map(installer.memberName),
    ...(learner ? [`${installer.memberName(learner)}(learner)`] : []),
  ].sort();
  const others = [...voters, ...(learner ? [learner] : [])].filter((h) => h.name !== etcd.host.name);
  return [
    ...[etcd.host, ...voters.filter((h) => h.name !== etcd.host.name)].map((host) =>
      step("verify-member", host, "Verification", {
        arguments: [members.join(","), ...(plan.method === "restore" ? refusedAddresses(plan.lostHosts) : [])],
        after: [...stepNames(recovery.isolation), ...settled],
        words: "member list, no --force-new-cluster left",
      }),
    ),
    ...dataVerification(plan.site, etcd.host, others, settled),
    ...apiVerification(plan.site, plan.deployHost, server, lostServers, settled),
  ];
}

const reportStep = ({ plan }: Failover, verification: Step[]): Step =>
  step("report", plan.deployHost, "Evidence", {
    after: stepNames(verification),
    words: "keep the report in /var/lib/rke-dr/reports",
  });

/**
 * Hosts that only run pods hear of the epoch and have their watchers restarted when the API is back, all in one step: nothing that
 * serves waits for them, and there may be hundreds.
 */
function onWorkers({ topology, plan, workers, decided, seen }: Failover, after: Step[]): Step {
  const limit = 120;
  const { epoch } = plan.settings;
  const asked = endpointData(topology, endpointCheck(plan));
  const done = (host: Host) => {
    const facts = factsOf(seen, host);
    return facts?.act === plan.act && facts.steps.watchers?.epoch === epoch;
  };
  return step("workers", plan.deployHost, "Cleanup", {
    arguments: workers.map((host) => `${host.name}=${sshTarget(topology, host)}`),
    onEach: [
      { script: "claim", data: `${decided}\nsteps=${asked === undefined ? "" : "endpoint "}watchers`, limit },
      // before the kubelet begins anew, so that it finds the API by its name
      ...(asked === undefined ? [] : [{ script: "endpoint" as const, data: asked, limit }]),
      { script: "watchers", data: "", limit },
    ],
    onwardUsers: sshUsers(topology, workers),
    after: stepNames(after),
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

/** Each claim names the steps that will follow on its host: so a later act can see if this one was finished. */
function announced(claims: Step[], acting: Step[]): Step[] {
  const followers = (host: Host) => acting.filter((s) => s.host.name === host.name).map((s) => s.script);
  return [...claims.map((c) => ({ ...c, data: `${c.data}\nsteps=${followers(c.host).join(" ")}` })), ...acting];
}

/** The host to which the API's name led before this act, so that a failback lets it lead there again; empty if that isn't known. */
const endpointBefore = (topology: Topology, { act, survivors }: Failover["plan"], seen: Observation): string => {
  const recorded = survivors.flatMap((h) => {
    const facts = factsOf(seen, h);
    return facts?.act === act ? (facts.plan.endpoint ?? []) : [];
  });
  return recorded[0] ?? endpointLeadsTo(allHosts(topology), seen)?.name ?? "";
};

/** Without the operator's word that the name is moved by hand, the act isn't over before the API answers by it. */
const endpointCheck = ({ settings, lostHosts }: Failover["plan"]): EndpointCheck => ({
  lost: lostHosts,
  must: settings.endpoint !== endpointByHand(settings),
});

/** The decisions that a rerun of this act must keep to. */
function decision(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps" | "stage">,
  source: Source,
  seen: Observation,
): string {
  return [
    `source=${source.name}`,
    `member=${source.host.name}`,
    `method=${plan.method}`,
    `lost=${plan.settings.lost}`,
    ...leftOutLine(plan.leftOut),
    ...(plan.method === "restore"
      ? [`token=${restoreToken(topology, plan.settings.epoch)}`, `take=${source.take}`, `least=${leastRevision(plan)}`]
      : []),
    `dataAsOf=${source.dataAsOf ?? ""}`,
    `revision=${source.revision ?? ""}`,
    `attest=${recordedAttestation(plan.settings)}`,
    ...(installerOf(topology).sharedEndpoint(topology) ? [`endpoint=${endpointBefore(topology, plan, seen)}`] : []),
  ].join("\n");
}
