import type { MemberState } from "../../etcd/members";
import { clientUrl } from "../../etcd/urls";
import type { Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { architectureSeen } from "./architecture";

/**
 * The step that makes a host's etcd a member of the cluster that the other voters form; it does nothing if it is one already
 * (on-host/steps/etcd-join.sh describes its inputs). Its certificate and key, for /etc/kubernetes/ssl, come behind its data.
 *
 * @param guests members for the time being that the topology has as no voters; they may be asked, too
 */
export function joinStep(
  site: Site,
  epoch: number,
  state: MemberState,
  seen: Observation,
  after: string[],
  guests: Host[] = [],
): Step {
  const { host, wanted } = state;
  const { etcdCertificate, initialCluster, joinedEtcd, joiningEtcd, memberName, ownEndpoint, runtimeOn } =
    installerOf(site);
  const others = site.voters.filter((h) => h.name !== host.name);
  const architecture = architectureSeen(site, seen, host);
  const joining = joiningEtcd(site, host, architecture);
  const final = wanted === "learner" ? joining : joinedEtcd(site, host, architecture);
  return step("etcd-join", host, "EtcdMember", {
    arguments: [
      wanted,
      memberName(host),
      etcdCertificate(host),
      ownEndpoint(host),
      joining.image,
      initialCluster([...others, host]),
      ...[...others, ...guests].map(clientUrl),
    ],
    data: [joining, final].map((process) => runtimeOn(host).spec(process, epoch)).join("\n"),
    after,
    // a learner gets the whole database by the network; the step itself ends if nothing moves any more
    limit: 3600,
    words:
      wanted === "learner"
        ? "a learner of etcd beside RKE; one that isn't well is set aside and added anew"
        : "see that etcd here is a healthy voter; one that isn't is set aside and comes back by way of a learner",
    intact: state.condition === "well" || state.condition === "unseen",
  });
}
