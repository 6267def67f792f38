import { membership } from "../../etcd/members";
import { clientUrl } from "../../etcd/urls";
import type { Reachable } from "../../facts/facts";
import { factsOf, type Observation } from "../../facts/observation";
import { deployDir } from "../../installers/rke/cluster-yml";
import { etcdCertificate, memberName, ownEndpoint } from "../../installers/rke/etcd";
import { etcdServers, ownServer } from "../../installers/rke/kube-apiserver";
import { learnerDiffers } from "../../installers/rke/learner";
import { type Step, step, stepNames } from "../../steps/steps";
import { controlPlane, hasEtcdOrApi, voters } from "../../topology/order";
import type { Site } from "../../topology/site";
import type { Host, Topology } from "../../topology/topology";
import { joinStep } from "../steps/join";
import { original, type Replacement, replaceApiServer, replaceEtcd, runs } from "../steps/replacement";
import { demotion } from "./demotion";
import { type Failback, nextFailure } from "./failback";
import { believes } from "./living-cluster";
import { failbackVerification } from "./verification";

/** What a failback does before `rke up`, what it does after, and what the next failure costs at each step. */
export interface FailbackSteps {
  before: Step[];
  after: Step[];
  /** By step name: the loss of one more host while this step runs. */
  nextFailure: Record<string, string>;
}

/**
 * The order of a failback: returned hosts out of service, their voters back one by one, the API on all control plane
 * hosts, then `rke up` that finds everything in place.
 *
 * @param ready names of the steps after which the deploy hosts reach every host
 * @param rkeUp the name of the `rke up` step
 */
export function failbackSteps(
  topology: Topology,
  site: Site,
  failback: Failback,
  seen: Observation,
  ready: string[],
  rkeUp: string,
): FailbackSteps {
  const { epoch, from, returned, survivors, deployHost, preferred, demoted } = failback;
  const guests = demoted ? [demoted] : [];
  const server = ownServer(topology, deployHost.datacenter);
  const costs: Record<string, string> = {};
  let members = [...voters(survivors), ...guests];
  const note = (made: Step) => {
    costs[made.name] = nextFailure(members.map((h) => h.name));
    return made;
  };
  const facts = (host: Host) => factsOf(seen, host);

  const quarantine = returned.filter(hasEtcdOrApi).map((host) =>
    note(
      step("quarantine", host, "Quarantine", {
        after: ready,
        words: "stop what is left of the old etcd and control plane, set containers and data aside",
      }),
    ),
  );
  const opened = survivors
    .filter((h) => h.etcd !== "none" || h === demoted)
    .map((host) =>
      note(
        step("unisolate", host, "EtcdMember", {
          after: stepNames(quarantine),
          words: "let the returned hosts in at etcd's ports again, if they were refused",
          intact: (facts(host)?.isolation.refused ?? []).length === 0,
        }),
      ),
    );
  const known = membership(topology, seen, learnerDiffers(site), believes(failback, seen));
  const rejoined: Step[] = [];
  for (const state of known.members.filter((m) => m.wanted === "voter" && returned.includes(m.host))) {
    rejoined.push(
      note({
        ...joinStep(site, epoch, state, seen, [...stepNames(opened), ...stepNames(rejoined.slice(-1))], guests),
        words: "a voter again: added as a learner without any old data, promoted when it has caught up",
      }),
    );
    members = [...members, state.host];
  }
  const apiServer = (host: Host, after: string[]) => {
    const replacement = replaceApiServer(site, epoch, seen, host);
    return note(
      step("kube-apiserver", host, "KubeApiServer", {
        data: replacement.body,
        after,
        limit: 300,
        words: `recreate kube-apiserver with --etcd-servers=${etcdServers(site, host)}`,
        intact: runs(facts(host), replacement),
      }),
    );
  };
  // a host that was rebuilt has none, and RKE makes it: together with the sidekick container that it needs
  const returnedApi = controlPlane(returned)
    .filter((h) => cameWith(facts(h), "kube-apiserver", epoch))
    .map((h) => apiServer(h, stepNames(rejoined)));
  // asked from where it is to go: etcd runs there by now, and a survivor's may just have been set aside
  const leader = note(
    step("leader", preferred[0] ?? deployHost, "EtcdMember", {
      arguments: [preferred.map(memberName).join(","), site.voters.map(clientUrl).join(",")],
      after: [...stepNames(rejoined), ...stepNames(returnedApi)],
      words: `move etcd's leader to ${preferred.map((h) => h.name).join(" or ")}`,
    }),
  );
  const settled: Step[] = [];
  for (const host of voters(survivors)) {
    const etcd: Replacement = replaceEtcd(site, epoch, seen, host, site.voters);
    settled.push(
      note(
        step("etcd-arguments", host, "EtcdMember", {
          arguments: [etcdCertificate(host), `${ownEndpoint(host)}/health`, site.voters.map(clientUrl).join(",")],
          data: etcd.body,
          after: [leader.name, ...stepNames(settled.slice(-1))],
          limit: 300,
          words: "recreate etcd with all members in its arguments, as RKE plans it",
          intact: runs(facts(host), etcd),
        }),
      ),
    );
    costs[settled.at(-1)?.name ?? ""] = whileAway(members, host);
  }
  const survivorsApi: Step[] = [];
  for (const host of controlPlane(survivors)) {
    survivorsApi.push(apiServer(host, [...stepNames(settled), leader.name, ...stepNames(survivorsApi.slice(-1))]));
  }
  // as in peace, for when one of these fails while this epoch lasts
  const looked = known.members
    .filter((m) => m.wanted === "voter" && survivors.includes(m.host))
    .map((state) => note(joinStep(site, epoch, state, seen, stepNames(settled))));
  const firstWrite = note(
    step("first-write", deployHost, "KubeApiServer", {
      arguments: [server],
      after: [...stepNames(survivorsApi), ...stepNames(returnedApi)],
      words: "write through the API",
    }),
  );
  const demoting = demoted
    ? demotion(site, failback, demoted, known, seen, [firstWrite.name])
    : { steps: [], nextFailure: "" };
  for (const made of demoting.steps) {
    costs[made.name] = demoting.nextFailure;
  }
  members = site.voters;
  const watchers = returned.map((host) =>
    note(
      step("watchers", host, "Cleanup", {
        after: [firstWrite.name],
        words: "restart kubelet and kube-proxy, which may hold watches from before",
      }),
    ),
  );
  const state = note(
    step("rke-state-back", deployHost, "RkeCluster", {
      arguments: [`cluster.rkestate.before-epoch-${from.epoch}`, ...returned.map((h) => h.address)],
      // RKE takes hosts for what they were before the failover: by now they are that again
      after: [firstWrite.name, ...stepNames(demoting.steps)],
      words: `put the returned hosts back into ${deployDir}/cluster.rkestate's current state`,
    }),
  );
  const after = failbackVerification(topology, site, failback, rkeUp).map(note);
  return {
    before: [
      ...quarantine,
      ...opened,
      ...rejoined,
      ...returnedApi,
      leader,
      ...settled,
      ...looked,
      ...survivorsApi,
      firstWrite,
      ...demoting.steps,
      ...watchers,
      state,
    ],
    after,
    nextFailure: costs,
  };
}

/** What the next failure costs while a voter is recreated. */
function whileAway(members: Host[], host: Host): string {
  const others = members.filter((m) => m.name !== host.name).map((m) => m.name);
  return members.length === 2
    ? `writes stop for the moment in which etcd on ${host.name} is recreated: of two voters none can be spared`
    : nextFailure(others);
}

/** Whether a returned host had the container; what runs under the name once it was in quarantine, RKE has made since. */
function cameWith(facts: Reachable | undefined, name: string, epoch: number): boolean {
  const found = original(facts, name, epoch);
  return found !== undefined && (found.name !== name || facts?.steps.quarantine?.epoch !== epoch);
}
