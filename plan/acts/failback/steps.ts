import { type Membership, membership } from "../../etcd/members";
import { clientUrl } from "../../etcd/urls";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import type { Installer } from "../../installers/installer";
import { installerOf } from "../../installers/installers";
import { type Step, step, stepNames } from "../../steps/steps";
import { controlPlane, hasEtcdOrApi, voters } from "../../topology/order";
import { ownServer } from "../../topology/servers";
import type { Site } from "../../topology/site";
import { type Host, hasApi, type Topology } from "../../topology/topology";
import { endpointSteps } from "../steps/endpoint";
import { joinStep } from "../steps/join";
import { original, type Replacement, replaceApiServer, replaceEtcd, runs } from "../steps/replacement";
import { writeToEtcd } from "../steps/verification";
import { type Demotion, demotion } from "./demotion";
import { type Failback, nextFailure } from "./failback";
import { isTrusted } from "./living-cluster";
import { failbackVerification } from "./verification";

/** The steps of a failback before and after `rke up`, and the cost of the next failure at each step. */
export interface FailbackSteps {
  before: Step[];
  after: Step[];
  /** By step name: the loss of one more host while this step runs. */
  nextFailure: Record<string, string>;
}

/** The inputs for the steps of one failback. */
interface Return {
  site: Site;
  installer: Installer;
  failback: Failback;
  seen: Observation;
  /** etcd's members as the living cluster reports them. */
  known: Membership;
  /** The URL of the kube-apiserver that the deploy host asks. */
  server: string;
}

/**
 * The order of a failback: returned hosts out of service, their voters back one by one, the API on all control plane
 * hosts, then `rke up` that finds everything in place.
 *
 * @param ready names of the steps after which the deploy hosts reach every host
 * @param run the name of the step that runs the installer
 */
export function failbackSteps(
  topology: Topology,
  site: Site,
  failback: Failback,
  seen: Observation,
  ready: string[],
  run: string | undefined,
): FailbackSteps {
  const installer = installerOf(topology);
  const act: Return = {
    site,
    installer,
    failback,
    seen,
    known: membership(topology, seen, installer.learnerDiffers(site), isTrusted(failback, seen)),
    server: ownServer(topology, failback.deployHost.datacenter),
  };
  const quarantine = quarantineSteps(act, ready);
  const welcomed = installer.welcome({
    ...failback,
    server: act.server,
    epoch: failback.from.epoch,
    before: quarantine,
  });
  const opened = openingSteps(act, quarantine);
  const rejoined = rejoiningSteps(act, opened);
  const returnedApi = returnedApiSteps(act, [...welcomed, ...rejoined]);
  const controllers = returnedApi.flatMap((api) => installer.controlPlaneBack(api.host, [api]));
  const leader = leaderStep(act, [...rejoined, ...returnedApi]);
  const recreated = etcdArgumentSteps(act, leader);
  const looked = lookedAtSteps(act, [...recreated, leader]);
  const survivorsApi = survivorsApiSteps(act, [...recreated, leader]);
  const firstWrite = firstWriteStep(act, hasApi(site) ? [...survivorsApi, ...returnedApi] : looked);
  const demoting = demotionOf(act, firstWrite);
  const named = endpointSteps(
    topology,
    site.hosts.filter(installer.isNode),
    { lost: [], must: topology.endpoint !== undefined },
    [firstWrite],
  );
  // a worker's kubelet finds the API by its name
  const watchers = watcherSteps(act, [firstWrite, ...controllers, ...named]);
  const state = stateSteps(act, [firstWrite, ...demoting.steps]);
  const settled = run === undefined ? stepNames([firstWrite, ...watchers, ...controllers, ...named, ...state]) : [run];
  const after = failbackVerification(topology, site, failback, settled);
  const serving = [
    ...returnedApi,
    ...controllers,
    leader,
    ...recreated,
    ...looked,
    ...survivorsApi,
    firstWrite,
    ...named,
  ];
  return {
    before: [...quarantine, ...welcomed, ...opened, ...rejoined, ...serving, ...demoting.steps, ...watchers, ...state],
    after,
    nextFailure: {
      ...costs(act, {
        before: [...quarantine, ...welcomed, ...opened],
        rejoined,
        serving,
        end: [...watchers, ...state, ...after],
      }),
      ...whileRecreated(act, recreated),
      ...Object.fromEntries(demoting.steps.map((s) => [s.name, demoting.nextFailure])),
    },
  };
}

const quarantineSteps = ({ failback }: Return, ready: string[]): Step[] =>
  failback.returned.filter(hasEtcdOrApi).map((host) =>
    step("quarantine", host, "Quarantine", {
      after: ready,
      words: "stop what is left of the old etcd and control plane, set containers and data aside",
    }),
  );

const openingSteps = ({ failback, seen }: Return, quarantine: Step[]): Step[] =>
  [...failback.survivors, ...failback.leftOut]
    .filter((h) => h.etcd !== "none" || h === failback.demoted)
    .map((host) =>
      step("unisolate", host, "EtcdMember", {
        after: stepNames(quarantine),
        words: "let the returned hosts in at etcd's ports again, if they were refused",
        intact: (factsOf(seen, host)?.isolation.refused ?? []).length === 0,
      }),
    );

/** One after the other: each needs the votes of those before it. */
function rejoiningSteps({ site, failback, seen, known }: Return, opened: Step[]): Step[] {
  const rejoined: Step[] = [];
  for (const state of known.members.filter((m) => m.wanted === "voter" && failback.returned.includes(m.host))) {
    const after = [...stepNames(opened), ...stepNames(rejoined.slice(-1))];
    rejoined.push({
      ...joinStep(site, failback.epoch, state, seen, after, guestsOf(failback)),
      words: "a voter again: added as a learner without any old data, promoted when it has caught up",
    });
  }
  return rejoined;
}

/** Members for the time being that the topology doesn't have as voters. */
const guestsOf = ({ demoted }: Failback): Host[] => (demoted ? [demoted] : []);

function apiServerStep({ site, installer, failback, seen }: Return, host: Host, after: string[]): Step {
  const replacement = replaceApiServer(site, failback.epoch, seen, host);
  return step("kube-apiserver", host, "KubeApiServer", {
    data: replacement.body,
    after,
    limit: 300,
    words:
      replacement.body === ""
        ? "see that kube-apiserver serves: it asks the etcd of its own host, and stays, or comes back, as it was"
        : `recreate kube-apiserver with --etcd-servers=${installer.etcdServers(site, host)}`,
    intact: runs(factsOf(seen, host), replacement),
  });
}

/** A host that was rebuilt has no kube-apiserver: RKE makes it, together with the sidekick container that it needs. */
const returnedApiSteps = (act: Return, rejoined: Step[]): Step[] =>
  controlPlane(act.failback.returned)
    .filter((h) => cameWith(factsOf(act.seen, h), "kube-apiserver", act.failback.epoch))
    .map((h) => apiServerStep(act, h, stepNames(rejoined)));

/** Asked on the host that is to lead: etcd runs there by now, and a survivor's may just have been set aside. */
const leaderStep = ({ site, installer, failback: { preferred, deployHost } }: Return, before: Step[]): Step =>
  step("leader", preferred[0] ?? deployHost, "EtcdMember", {
    arguments: [preferred.map(installer.memberName).join(","), site.voters.map(clientUrl).join(",")],
    after: stepNames(before),
    words: `move etcd's leader to ${preferred.map((h) => h.name).join(" or ")}`,
  });

function etcdArgumentSteps({ site, installer, failback, seen }: Return, leader: Step): Step[] {
  const recreated: Step[] = [];
  if (!installer.listsMembers) {
    return recreated;
  }
  for (const host of voters(failback.survivors)) {
    const etcd: Replacement = replaceEtcd(site, failback.epoch, seen, host, site.voters);
    recreated.push(
      step("etcd-arguments", host, "EtcdMember", {
        arguments: [
          installer.etcdCertificate(host),
          `${installer.ownEndpoint(host)}/health`,
          site.voters.map(clientUrl).join(","),
        ],
        data: etcd.body,
        after: [leader.name, ...stepNames(recreated.slice(-1))],
        limit: 300,
        words: "recreate etcd with all members in its arguments, as RKE plans it",
        intact: runs(factsOf(seen, host), etcd),
      }),
    );
  }
  return recreated;
}

/** As in peace, in case a survivor's member fails while this epoch lasts. */
const lookedAtSteps = ({ site, failback, seen, known }: Return, recreated: Step[]): Step[] =>
  known.members
    .filter((m) => m.wanted === "voter" && failback.survivors.includes(m.host))
    .map((state) => joinStep(site, failback.epoch, state, seen, stepNames(recreated)));

function survivorsApiSteps(act: Return, before: Step[]): Step[] {
  const made: Step[] = [];
  for (const host of controlPlane(act.failback.survivors)) {
    made.push(apiServerStep(act, host, [...stepNames(before), ...stepNames(made.slice(-1))]));
  }
  return made;
}

const firstWriteStep = ({ site, failback, server }: Return, before: Step[]): Step =>
  hasApi(site)
    ? apiWriteStep(failback, server, before)
    : writeToEtcd(site, failback.preferred[0] ?? failback.deployHost, stepNames(before));

const apiWriteStep = (failback: Failback, server: string, before: Step[]): Step =>
  step("first-write", failback.deployHost, "KubeApiServer", {
    arguments: [server],
    after: stepNames(before),
    words: "write through the API",
  });

const demotionOf = ({ site, failback, seen, known }: Return, firstWrite: Step): Demotion =>
  failback.demoted
    ? demotion(site, failback, failback.demoted, known, seen, [firstWrite.name])
    : { steps: [], nextFailure: "" };

const watcherSteps = ({ installer, failback }: Return, before: Step[]): Step[] =>
  failback.returned.filter(installer.isNode).map((host) =>
    step("watchers", host, "Cleanup", {
      after: stepNames(before),
      words: "restart kubelet and kube-proxy, which may hold watches from before",
    }),
  );

const stateSteps = ({ installer, site, server, failback }: Return, before: Step[]): Step[] =>
  installer.settleReturn({ ...failback, site, server, epoch: failback.from.epoch, before });

/** By step name, the cost of the next failure while the step runs: it follows from the members that vote by then. */
function costs(
  { site, failback }: Return,
  steps: Record<"before" | "rejoined" | "serving" | "end", Step[]>,
): Record<string, string> {
  const first = [...voters(failback.survivors), ...guestsOf(failback)];
  const all = [...first, ...steps.rejoined.map((s) => s.host)];
  const cost = (step: Step, members: Host[]) => [step.name, nextFailure(members.map((h) => h.name))] as const;
  return Object.fromEntries([
    ...steps.before.map((s) => cost(s, first)),
    ...steps.rejoined.map((s, i) => cost(s, all.slice(0, first.length + i))),
    ...steps.serving.map((s) => cost(s, all)),
    ...steps.end.map((s) => cost(s, site.voters)),
  ]);
}

/** The same for voters that are recreated, which are away for a moment. */
function whileRecreated({ failback, known }: Return, recreated: Step[]): Record<string, string> {
  const returned = known.members.filter((m) => m.wanted === "voter" && failback.returned.includes(m.host));
  const members = [...voters(failback.survivors), ...guestsOf(failback), ...returned.map((m) => m.host)];
  return Object.fromEntries(recreated.map((s) => [s.name, whileAway(members, s.host)]));
}

/** The cost of the next failure while a voter is recreated, in a sentence. */
function whileAway(members: Host[], host: Host): string {
  const others = members.filter((m) => m.name !== host.name).map((m) => m.name);
  return members.length === 2
    ? `writes stop for the moment in which etcd on ${host.name} is recreated: of two voters none can be spared`
    : nextFailure(others);
}

/** True if a returned host came back with the container. If a container has the name after the quarantine, RKE has made it since. */
function cameWith(facts: Reachable | undefined, name: string, epoch: number): boolean {
  const found = original(facts, name, epoch);
  return found !== undefined && (found.name !== name || facts?.steps.quarantine?.epoch !== epoch);
}
