import { peerUrl } from "../../etcd/urls";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import type { Site } from "../../topology/site";
import { type Host, hasApi } from "../../topology/topology";

/**
 * The checks of the API after any act's `rke up`; of an etcd alone a write and a read through it.
 *
 * @param site the cluster as it is now
 * @param server the URL of the kube-apiserver that is asked
 * @param lost addresses that the endpoints of the Service kubernetes must not have any more
 * @param settled names of the steps after which the installer has nothing to do any more
 */
export function apiVerification(
  site: Site,
  deployHost: Host,
  server: string,
  lost: string[],
  settled: string[],
): Step[] {
  const servers = site.controlPlane;
  if (!hasApi(site)) {
    const words = "a write and a read through etcd";
    return [
      step("verify", deployHost, "Verification", { arguments: throughEtcd(site, deployHost), after: settled, words }),
    ];
  }
  return [
    ...servers.map((host) =>
      step("verify-servers", host, "Verification", {
        arguments: [installerOf(site).etcdServers(site, host)],
        after: settled,
        words: "kube-apiserver's --etcd-servers",
      }),
    ),
    step("verify", deployHost, "Verification", {
      arguments: [server, servers.map((h) => h.internalAddress).join(","), lost.join(",")],
      after: settled,
      words: "a write, a read, the endpoints of the Service kubernetes",
    }),
  ];
}

const throughEtcd = (site: Site, host: Host): string[] => ["etcd", installerOf(site).ownEndpoint(host)];

/** The first write of a cluster without an API: through etcd itself. */
export const writeToEtcd = (site: Site, host: Host, after: string[]): Step =>
  step("first-write", host, "EtcdMember", {
    arguments: throughEtcd(site, host),
    after,
    limit: 300,
    words: "write through etcd: a lease is granted and revoked, which leaves no key; here the recovery time ends",
  });

/**
 * The check that all members of etcd have the same data; none for a single member. It runs on one host: while an etcd computes the hash of its
 * data, it commits nothing.
 *
 * @param asking the voter that asks
 * @param others all other members, a learner included
 */
export function dataVerification(site: Site, asking: Host, others: Host[], after: string[]): Step[] {
  const { etcdCertificate, memberName } = installerOf(site);
  return others.length === 0
    ? []
    : [
        step("verify-data", asking, "Verification", {
          arguments: [etcdCertificate(asking), ...[asking, ...others].map((h) => `${memberName(h)}=${peerUrl(h)}`)],
          after,
          limit: 900,
          words: "all members have the same data: one hash of all keys at one revision",
        }),
      ];
}
