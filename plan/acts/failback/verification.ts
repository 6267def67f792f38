import { installerOf } from "../../installers/installers";
import { type Step, step, stepNames } from "../../steps/steps";
import { ownServer } from "../../topology/servers";
import type { Site } from "../../topology/site";
import { type Host, hasApi, type Topology } from "../../topology/topology";
import { apiVerification, dataVerification } from "../steps/verification";
import type { Failback } from "./failback";

/**
 * The checks of a failback after `rke up`, whose exit code is 0 even if a voter is missing or a Node has a role too many.
 *
 * @param settled names of the steps after which the installer has nothing to do any more
 */
export function failbackVerification(
  topology: Topology,
  site: Site,
  { deployHost, demoted }: Failback,
  settled: string[],
): Step[] {
  const { hosts } = site;
  const { isNode, memberName, nodeLabels } = installerOf(site);
  const labelled = (host: Host): string => {
    const { zone = "", roles } = nodeLabels(host);
    return `${host.name}=${zone}=${roles.join(",")}`;
  };
  const server = ownServer(topology, deployHost.datacenter);
  const standing = site.learner;
  const joined = [...settled, ...(standing ? [`etcd-join-${standing.name}`] : [])];
  const role = demoted && [
    step("etcd-role", deployHost, "Cleanup", {
      arguments: [server, demoted.name],
      after: settled,
      words: `take the label of the role etcd from Node ${demoted.name}`,
    }),
  ];
  return [
    ...(role ?? []),
    ...site.voters.map((host) =>
      step("verify-member", host, "Verification", {
        arguments: [
          [...site.voters.map(memberName), ...(standing ? [`${memberName(standing)}(learner)`] : [])].sort().join(","),
        ],
        after: joined,
        words: "member list equals the topology, no --force-new-cluster left",
      }),
    ),
    ...site.voters
      .slice(0, 1)
      .flatMap((host) =>
        dataVerification(site, host, [...site.voters.slice(1), ...(standing ? [standing] : [])], joined),
      ),
    ...apiVerification(site, deployHost, server, [], settled),
    ...(hasApi(site)
      ? [
          step("verify-nodes", deployHost, "Verification", {
            arguments: [server, ...hosts.filter(isNode).map(labelled)],
            after: [...settled, ...stepNames(role ?? [])],
            words: "every host is a ready Node with its roles, no others, and the labels of its installer",
          }),
        ]
      : []),
  ];
}
