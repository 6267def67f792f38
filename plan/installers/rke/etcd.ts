import { clientUrl, peerUrl } from "../../etcd/urls";
import { mergeArguments, type Process, sortedByName, withArgument } from "../../runtimes/process";
import type { Site } from "../../topology/site";
import type { Host, Topology } from "../../topology/topology";
import { goArchitecture } from "../../values/architecture";
import { imagesOf, servicesVersion, tagOf } from "./images";
import { at } from "./modelled-keys";
import { etcdOptions } from "./releases/kubernetes-options";
import { holds } from "./releases/rules";
import { isAtLeast } from "./releases/versions";
import { ownBind, serviceAdditions, uniqueList } from "./settings";

/** Fixed in RKE (cluster/defaults.go): every cluster it makes has the same token. */
export const rkeToken = "etcd-cluster-1";

export const memberName = (host: Host): string => `etcd-${host.name}`;
/** The client URL of a member for programs on its own host. If the host has an internal address, RKE's etcd listens on that alone. */
export const ownEndpoint = (host: Host): string =>
  `https://${host.internalAddress === host.address ? "127.0.0.1" : host.internalAddress}:2379`;

/**
 * RKE names an etcd certificate after the internal address, from v1.3.0 on in small letters (pki/util.go GetCrtNameForHost).
 * @param rkeVersion makes a difference for names only: acts, which want IP addresses, needn't say it
 */
export function etcdCertificate({ internalAddress }: Host, rkeVersion?: string): string {
  const name = internalAddress.replace(/[.:]/g, "-");
  return `kube-etcd-${rkeVersion === undefined || holds("smallLetters", rkeVersion) ? name.toLowerCase() : name}`;
}

/** etcd's arguments from the topology, for `services.etcd.extra_args`: each replaces RKE's own argument of that name. */
export function extraArguments(topology: Pick<Topology, "etcd">): Record<string, string> {
  const { heartbeatInterval, electionTimeout, extraArgs } = topology.etcd;
  return {
    ...extraArgs,
    ...(electionTimeout === undefined ? {} : { "election-timeout": String(electionTimeout) }),
    ...(heartbeatInterval === undefined ? {} : { "heartbeat-interval": String(heartbeatInterval) }),
  };
}

/** `--initial-cluster` in the order of cluster.yml. */
export function initialCluster(members: Host[]): string {
  return members.map((m) => `${memberName(m)}=${peerUrl(m)}`).join(",");
}

/**
 * The container that a failover starts: the one that ran, with other members in its arguments. etcd reads `--initial-cluster` and its state only as long
 * as it has no data, but RKE compares all arguments with those that it plans.
 */
export const recoveredProcess = (before: Process, _host: Host, members: Host[]): Process => ({
  ...before,
  name: "etcd",
  cmd: withArgument(
    withArgument(before.cmd, "initial-cluster", initialCluster(members)),
    "initial-cluster-state",
    "new",
  ).filter((arg) => !arg.startsWith("--force-new-cluster")),
});

/** RKE hardens etcd's TLS from 3.4.15 on (cluster/plan.go MaxEtcdNoStrictTLSVersion). */
const hardenedCiphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";

/**
 * The etcd container that RKE starts on a host in peace, argument by argument (golden rke-plan, rke-releases; RKE's cluster/plan.go
 * BuildEtcdProcess); a failover starts `recoveredProcess`. The versions of etcd that RKE compares are those of the image's tag.
 *
 * @param architecture as docker reports it (x86_64, aarch64), of the host that `architectureHost` names
 * @throws Error if the topology has no images, or their tags no versions: `releaseProblems` reports both
 */
export function etcdProcess(site: Site, host: Host, architecture: string): Process {
  const { rkeVersion } = site;
  const { etcd: image } = imagesOf(site);
  const isNewerThan = (version: string) => isAtLeast(tagOf(image), version);
  const certificate = `/etc/kubernetes/ssl/${etcdCertificate(host, rkeVersion)}.pem`;
  const key = `/etc/kubernetes/ssl/${etcdCertificate(host, rkeVersion)}-key.pem`;
  const ca = "/etc/kubernetes/ssl/kube-ca.pem";
  // RKE listens on every interface unless the host has an internal address of its own.
  const listen = host.internalAddress === host.address ? "0.0.0.0" : host.internalAddress;
  const additions = serviceAdditions(site, "etcd");
  const options = etcdOptions(rkeVersion, servicesVersion(site) ?? site.kubernetesVersion);
  const args = mergeArguments(
    sortedByName({
      "advertise-client-urls": `${clientUrl(host)}${isNewerThan("v3.4.3-rancher99") ? "" : `,https://${host.internalAddress}:4001`}`,
      "cert-file": certificate,
      ...(holds("etcdCipherSuites", rkeVersion) && isNewerThan("v3.4.14-rancher99")
        ? { "cipher-suites": hardenedCiphers }
        : {}),
      "data-dir": "/var/lib/rancher/etcd/",
      "election-timeout": "5000",
      "heartbeat-interval": "500",
      "initial-advertise-peer-urls": peerUrl(host),
      "initial-cluster-state": "new",
      "initial-cluster-token": rkeToken,
      "initial-cluster": initialCluster(site.voters),
      "key-file": key,
      "listen-client-urls": `https://${listen}:2379`,
      "listen-peer-urls": `https://${listen}:2380`,
      name: memberName(host),
      "peer-cert-file": certificate,
      "peer-key-file": key,
      "peer-trusted-ca-file": ca,
      "trusted-ca-file": ca,
      ...options,
    }),
    extraArguments(site),
  );
  // etcd before 3.3 reads another variable, and RKE's value there has the address that it listens on
  const endpoint = isNewerThan("v3.2.99")
    ? `ETCDCTL_ENDPOINTS=${ownEndpoint(host)}`
    : `ETCDCTL_ENDPOINT=https://${listen}:2379`;
  return {
    name: "etcd",
    image,
    entrypoint: [],
    cmd: ["/usr/local/bin/etcd", ...flagsWithoutValue(args), ...args, ...additions.arguments],
    env: [
      "ETCDCTL_API=3",
      `ETCDCTL_CACERT=${ca}`,
      `ETCDCTL_CERT=${certificate}`,
      `ETCDCTL_KEY=${key}`,
      endpoint,
      `ETCD_UNSUPPORTED_ARCH=${goArchitecture(architecture)}`,
      ...additions.env,
    ],
    binds: uniqueList(
      [ownBind(site, "/var/lib/etcd", "/var/lib/rancher/etcd/"), ownBind(site, "/etc/kubernetes"), ...additions.binds],
      rkeVersion,
    ),
    volumesFrom: [],
    labels: { "io.rancher.rke.container.name": "etcd" },
    ...etcdUser(site),
  };
}

/**
 * The host whose architecture RKE writes into ETCD_UNSUPPORTED_ARCH: before v1.3.0 it is that of the first etcd host. A
 * learner, which RKE doesn't plan, has its own.
 */
export function architectureHost({ rkeVersion, voters }: Site, host: Host): Host {
  const isOwn = host.etcd !== "voter" || holds("ownArchitecture", rkeVersion);
  return isOwn ? host : (voters[0] ?? host);
}

/** The flags that RKE adds if neither its metadata nor the topology name the argument (Kubernetes 1.16 and older). */
const flagsWithoutValue = (args: string[]): string[] =>
  ["--client-cert-auth", "--peer-client-cert-auth"].filter((flag) => !args.some((arg) => arg.startsWith(`${flag}=`)));

/** services.etcd.uid and gid: RKE wants both, and writes the uid twice. */
function etcdUser({ rke }: Pick<Topology, "rke">): { user?: string } {
  const [uid, gid] = ["uid", "gid"].map((key) => Number(at(rke, `services.etcd.${key}`) ?? 0));
  return uid && gid ? { user: `${uid}:${uid}` } : {};
}
