import { docker } from "../../runtimes/docker/docker";
import { type Process, withArgument } from "../../runtimes/process";
import type { Running } from "../../runtimes/running";
import { sparesForEtcd } from "../../topology/order";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import type { Certificate } from "../certificate";
import { etcdLeaf } from "./certificates";
import { etcdProcess, initialCluster } from "./etcd";

/**
 * A member that joins a living cluster, which a learner remains for good, in the shape that RKE gives etcd on that host. It differs from RKE's plan in
 * `--initial-cluster` (the voters and itself) and `--initial-cluster-state`; etcd reads both only until it has data
 * (etcdserver/server.go NewServer).
 */
export function joiningProcess(site: Site, host: Host, architecture: string): Process {
  const planned = etcdProcess(site, host, architecture);
  const members = [...site.voters.filter((h) => h.name !== host.name), host];
  return {
    ...planned,
    cmd: withArgument(
      withArgument(planned.cmd, "initial-cluster", initialCluster(members)),
      "initial-cluster-state",
      "existing",
    ),
  };
}

/** Differences between a learner's planned process and the running one, as lines "- planned" and "+ found"; empty if they agree. */
export const learnerDiffers =
  (site: Site) =>
  (host: Host, architecture: string, found: Running): string[] =>
    docker.differs(joiningProcess(site, host, architecture), found.process);

/**
 * The learner's certificate, which RKE gives to no host without the role etcd. Its SANs are its own host's alone: those
 * that RKE wants when, after a failover, that host is the only etcd host (golden learner.failover-managed.yml), so that it
 * takes this one as its own (pki/services.go GenerateEtcdCertificates).
 */
export const learnerCertificate = (site: Site, learner: Host): Certificate => etcdLeaf(site, learner, [learner]);

/** Certificates of etcd that RKE doesn't know: those of the learner and of hosts on which etcd may come back from a snapshot. */
export const certificatesBesideRke = (site: Site): Certificate[] =>
  [...(site.learner ? [site.learner] : []), ...sparesForEtcd(site.hosts)].map((host) => learnerCertificate(site, host));
