import type { Reachable } from "../facts/facts";
import type { Process } from "../runtimes/process";
import type { Running } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";
import type { Step } from "../steps/steps";
import type { Site } from "../topology/site";
import type { Host, Topology } from "../topology/topology";
import type { Certificate } from "./certificate";

/** The processes that an act may replace; all others are the installer's alone. */
export type ReplacedProcess = "etcd" | "kube-apiserver";

/** The name under which a new host is in the installer's state once its etcd has joined, and until the installer has made all else of it. */
export const joinedEtcd = (host: Host): string => `${host.name}.joined-etcd`;

/** The host's own name if a change that was cut short has left that name in the state. */
export const joiningHost = (name: string): string => name.replace(/\.joined-etcd$/, "");

/** The inputs for the installer's run in peace. */
export interface Building {
  site: Site;
  /** Each with the URL of the kube-apiserver that it asks. */
  deployHosts: { host: Host; server: string }[];
  facts: (host: Host) => Reachable | undefined;
  before: Step[];
}

/** The result of a failover so far, from which the installer's own files are prepared. */
export interface AfterLoss {
  site: Site;
  /** The host that etcd's only member runs on. */
  member: Host;
  /** The URL of the kube-apiserver that the deploy host asks. */
  server: string;
  /** The step after which the API takes writes. */
  firstWrite: Step;
  /** Steps that must have ended before the installer runs. */
  before: Step[];
}

/**
 * The program that made the cluster: it decides what runs on each host, and must find nothing to do after an act. All rules
 * that only one installer has stand behind this door, in its folder.
 */
export interface Installer {
  name: Topology["installer"];
  /** The runtime that starts this process on the installer's hosts. */
  runtimeOf(process: ReplacedProcess): Runtime;

  /** The name of a host's member of etcd. */
  memberName(host: Host): string;
  /** The file name, without `.pem`, of a host's etcd certificate. */
  etcdCertificate(host: Host): string;
  /** etcd's client URL as its own host reaches it. */
  ownEndpoint(host: Host): string;
  /** `--initial-cluster` of these members, in the installer's order. */
  initialCluster(members: Host[]): string;
  /** `--etcd-servers` of the kube-apiserver on a host, in the installer's order. */
  etcdServers(site: Site, host: Host): string;
  /** The installer's images, and one image that every host has and that contains chroot. */
  images(settings: Pick<Topology, "rkeVersion" | "kubernetesVersion" | "rke">): { etcd: string; tools: string };

  /** etcd as the installer plans it. @param architecture of the host that `architectureHost` names */
  plannedEtcd(site: Site, host: Host, architecture: string): Process;
  /** The host whose architecture the installer writes into a host's etcd. */
  architectureHost(site: Site, host: Host): Host;
  /** etcd of a member that joins a living cluster; a learner keeps it for good. */
  joiningEtcd(site: Site, host: Host, architecture: string): Process;
  /** The kube-apiserver as the installer plans it. @param before as it runs: what only the host knows is taken from there */
  plannedApiServer(site: Site, host: Host, before: Process | undefined): Process;
  /**
   * Settings of the topology with which the installer would plan otherwise: its releases that can have made what runs.
   * @param running of all hosts that were seen
   */
  alternatives(
    topology: Pick<Topology, "rke" | "kubernetesVersion">,
    running: Pick<Process, "name" | "image">[],
  ): { settings: Partial<Topology>; releases: string[] }[];
  /** First what is wrong, then the settings that fit best and what to set, each in words. @param fit how much differs by the topology (`own`), and by them (`least`) */
  fitWords(
    topology: Topology,
    fit: { own: number; least: number; releases: string[]; kubernetesVersion: string },
  ): string[];
  /**
   * Images that the installer took for the cluster, by the names under which the topology says them, if they aren't the topology's.
   * @param state the installer's own record of the cluster, as it stands there
   */
  imagesTaken(
    settings: Pick<Topology, "rkeVersion" | "kubernetesVersion" | "rke">,
    state: string,
  ): Record<string, string>;
  /** Differences between a learner's planned process and the running one, as lines "- planned" and "+ found"; empty if they agree. */
  learnerDiffers(site: Site): (host: Host, architecture: string, found: Running) => string[];

  /** The certificates of a site, CAs first, a learner's last. */
  certificates(site: Site): Certificate[];
  /** The text of the installer's file that lists the site's hosts (RKE's cluster.yml). */
  clusterFile(site: Site): string;
  /** The hosts that such a text lists; none if it can't be read. */
  hostsIn(clusterFile: string): { address: string; name: string }[];
  /** Files that a deploy host needs beside the usual ones, by their names in its folder. */
  furtherFiles(topology: Topology): string[];

  /** The name of the step that runs the installer on a deploy host. */
  runName(host: Host): string;
  /**
   * The installer's state gets the hosts that the site has, before its run in peace: a host that has left is taken out of service, and
   * etcd's members are the installer's without it changing any.
   * @param claim the data of the step claim, for hosts that have left
   * @param changed if the state's hosts aren't the site's
   */
  settleHosts(act: Building, claim: string, changed: boolean): Step;
  /** The installer's run in peace and in a failback. @param changed as above */
  build(act: Building, changed: boolean): Step;
  /** In place of that, for a cluster that the installer has built before this program came: nothing that runs is touched. */
  adopt(act: Building): Step[];
  /**
   * Two steps after which the installer finds nothing to do after a failover: `prepare` edits its files, `run` runs it.
   * `run` waits for `before` and `prepare`.
   */
  settleLoss(act: AfterLoss): { prepare: Step; run: Step };
  /** Puts the returned hosts back into the installer's files. @param epoch the failover's */
  settleReturn(deployHost: Host, returned: Host[], epoch: number, before: Step[]): Step;
}
