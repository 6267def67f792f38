import { clientUrl, peerUrl } from "../../etcd/urls";
import { factsOf } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { argument, commandOf } from "../../runtimes/process";
import type { Running } from "../../runtimes/running";
import { type Step, step, stepNames } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { joinStep } from "../steps/join";
import { departing } from "./change";
import type { Peace } from "./plan";

/** Members that leave, first, then each voter: one after the other, since each needs the others' votes. */
export function memberSteps(act: Peace, trust: Step[]): Step[] {
  const { topology, site, epoch, seen, members } = act;
  // an adopted cluster's members leave by its operator's own `rke up` or `kubeadm reset`
  const left = topology.pki === "adopted" ? [] : removal(act, trust);
  const without = left.length > 0 ? asideSteps(act, stepNames(left)) : [];
  const voting: Step[] = [];
  for (const state of members.members.filter((m) => m.wanted === "voter")) {
    const before = voting.at(-1) ?? left.at(-1);
    voting.push(joinStep(site, epoch, state, seen, before ? [before.name] : stepNames(trust)));
  }
  return [...left, ...without, ...voting];
}

/** The step that removes members which the topology doesn't have, on a voter that stays. */
function removal({ site, members, change }: Peace, trust: Step[]): Step[] {
  const asker = whoAsks(
    site,
    members.members.filter((m) => m.wanted === "voter" && m.condition === "well").map((m) => m.host),
  );
  if (!asker) {
    return [];
  }
  const { etcdCertificate, images } = installerOf(site);
  const leaving = departing(members, change);
  const staying = [...site.voters, ...(site.learner ? [site.learner] : [])];
  return [
    step("etcd-depart", asker, "EtcdMember", {
      arguments: [
        staying.map(peerUrl).join(","),
        etcdCertificate(asker),
        images(site).etcd,
        ...site.voters.map(clientUrl),
      ],
      after: stepNames(trust),
      limit: 300,
      words:
        leaving.length > 0
          ? `${leaving.map((m) => m.name || m.id).join(" and ")} removed from etcd, while the voters that stay are a majority`
          : "see that etcd has no member that the topology doesn't have",
      intact: leaving.length === 0,
      idle: leaving.length === 0,
    }),
  ];
}

/** The deploy host if its voter is well, else the first voter that is; before there is a cluster, any. */
function whoAsks({ deployHost, voters }: Site, well: Host[]): Host | undefined {
  const candidates = well.length > 0 ? well : voters;
  return candidates.find((h) => h.name === deployHost.name) ?? candidates[0];
}

/** A host that stays and has no part in etcd any more sets its own etcd aside. */
const asideSteps = ({ site, epoch, seen }: Peace, after: string[]): Step[] =>
  site.hosts
    .filter((h) => h.etcd === "none")
    .filter((h) => factsOf(seen, h)?.processes.etcd || factsOf(seen, h)?.steps.leave?.epoch === epoch)
    .map((host) =>
      step("leave", host, "EtcdMember", {
        arguments: ["etcd", ""],
        after,
        words: "no part in etcd any more: container and data are set aside",
        intact: !factsOf(seen, host)?.processes.etcd,
      }),
    );

/**
 * Lines "- planned" and "+ found" if a voter's --initial-cluster doesn't name the site's voters. etcd ignores the argument once it has data,
 * but the installer compares it.
 */
export function otherMembers(site: Site, found: Running): string[] {
  const named = argument(commandOf(found.process), "initial-cluster");
  const planned = installerOf(site).initialCluster(site.voters);
  const sorted = (list: string | undefined) => list?.split(",").sort().join();
  return named === undefined || sorted(named) === sorted(planned)
    ? []
    : [`- --initial-cluster=${planned}`, `+ --initial-cluster=${named}`];
}
