import type { Reachable } from "../facts/facts";
import type { Process } from "../runtimes/process";
import type { Running } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";
import type { Step } from "../steps/steps";
import type { Site } from "../topology/site";
import type { Host, Topology } from "../topology/topology";
import type { Certificate } from "./certificate";

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

/** Hosts that come back after a failover, as the installer sees it. */
export interface Returning {
  deployHost: Host;
  /** The URL of the kube-apiserver that the deploy host asks. */
  server: string;
  returned: Host[];
  /** The failover's epoch. */
  epoch: number;
  before: Step[];
}

/**
 * The program that made the cluster: it decides what runs on each host, and must find nothing to do after an act. All rules
 * that only one installer has stand behind this door, in its folder.
 */
export interface Installer {
  name: Topology["installer"];
  /** Its name for people. */
  title: string;
  /** True if a failover joins other surviving members of etcd to the recovered one; else one member alone may survive. */
  joinsSurvivors: boolean;
  /** True if it writes all members into each etcd's `--initial-cluster`, and compares them; else a member names those that it has joined, for good. */
  listsMembers: boolean;
  /**
   * The runtime of a host. A host has one, which knows all of its processes: also where one is a unit of systemd and another a static pod.
   */
  runtimeOn(host: Host): Runtime;

  /** The name of a host's member of etcd. */
  memberName(host: Host): string;
  /** The name of a host's etcd certificate, as `tls_of` of on-host/installers/NAME/host.sh takes it. */
  etcdCertificate(host: Host): string;
  /** The path of a certificate on a host. @param certificate a name, as `etcdCertificate` gives it */
  certificateFile(certificate: string): string;
  /** Certificates that a control plane host needs beside those that arguments of etcd and kube-apiserver name, by their names. */
  lastingCertificates: string[];
  /** Certificates of a host's etcd and kube-apiserver, as the site has them, each with the names that it must be good for. */
  neededCertificates(site: Site, host: Host): { file: string; names: string[] }[];
  /** etcd's data folder, /var/lib/etcd on the host, as its own process sees it. */
  dataInside: string;
  /** etcd's client URL as its own host reaches it. */
  ownEndpoint(host: Host): string;
  /** The command line, on a host, that asks its own etcd. @param command as "member list" */
  etcdctl(command: string): string;
  /** `--initial-cluster` of these members, in the installer's order. */
  initialCluster(members: Host[]): string;
  /** `--etcd-servers` of the kube-apiserver on a host, in the installer's order. */
  etcdServers(site: Site, host: Host): string;
  /** The name or address, and port, by which workers and administrators reach the API on whichever host it is; undefined if each host has its own way. */
  sharedEndpoint(settings: Pick<Topology, "kubeadm">): { name: string; port: number } | undefined;
  /**
   * True if a host's kube-apiserver has the etcd of its own host as its only server. No act has to change it then, and it serves if and only if
   * that etcd does.
   */
  asksOwnEtcd(site: Site, host: Host): boolean;
  /** etcd's image, and the image of a resident process, one that every host has; undefined if the runtime needs none for it. */
  images(settings: ImageSettings): { etcd: string; tools: string | undefined };

  /** etcd as the installer plans it. @param architecture of the host that `architectureHost` names */
  plannedEtcd(site: Site, host: Host, architecture: string): Process;
  /** The host whose architecture the installer writes into a host's etcd. */
  architectureHost(site: Site, host: Host): Host;
  /** A host's etcd, as it ran, after its data was made a cluster of one. @param members all that the cluster will have in the end */
  recoveredEtcd(before: Process, host: Host, members: Host[]): Process;
  /** etcd of a member that joins a living cluster; a learner keeps it for good. */
  joiningEtcd(site: Site, host: Host, architecture: string): Process;
  /** The same member's etcd once it has joined and votes. */
  joinedEtcd(site: Site, host: Host, architecture: string): Process;
  /** The kube-apiserver as the installer plans it. @param before as it runs: what only the host knows is taken from there */
  plannedApiServer(site: Site, host: Host, before: Process | undefined): Process;
  /** Rules that differ from release to release; undefined if the topology says itself what runs. */
  releases: Releases | undefined;
  /** Differences between a learner's planned process and the running one, as lines "- planned" and "+ found"; empty if they agree. */
  learnerDiffers(site: Site): (host: Host, architecture: string, found: Running) => string[];

  /** The certificates of a site, CAs first, a learner's last. */
  certificates(site: Site): Certificate[];
  /** The text of the installer's file that lists the site's hosts (RKE's cluster.yml); empty if it has no such file. */
  clusterFile(site: Site): string;
  /** The hosts that such a text lists; none if it can't be read. */
  hostsIn(clusterFile: string): { address: string; name: string }[];
  /** Files in a deploy host's folder, by their names there: those that peace puts there, and those without which no act can run. */
  deployFiles(topology: Topology): { prepared: string[]; needed: string[] };
  /** The program that an act runs on a deploy host; undefined if it runs none. */
  program: string | undefined;
  /** The namespaces whose pods watch the API since before an act, and are restarted if revisions have begun anew. */
  watchingNamespaces: string[];

  /** The name of the step that runs the installer on a deploy host; undefined if no act runs it. */
  runName(host: Host): string | undefined;
  /**
   * The installer's state gets the hosts that the site has, before its run in peace: a host that has left is taken out of service, and
   * etcd's members are the installer's without it changing any. None if it keeps no state.
   * @param claim the data of the step claim, for hosts that have left
   * @param changed if the state's hosts aren't the site's
   */
  settleHosts(act: Building, claim: string, changed: boolean): Step[];
  /** The installer's run in peace and in a failback; none if only an operator runs it. @param changed as above */
  build(act: Building, changed: boolean): Step[];
  /** In place of that, for a cluster that the installer has built before this program came: nothing that runs is touched. */
  adopt(act: Building): Step[];
  /**
   * Steps after which the installer finds nothing to do after a failover; none if it keeps no files of its own. The last one waits for `before`.
   */
  settleLoss(act: AfterLoss): Step[];
  /** Steps that must end before a returned host joins; none if the installer's run makes all that they would. */
  welcome(act: Returning): Step[];
  /** Starts what a returned host's control plane has beside kube-apiserver, which serves by then; none if the installer's run makes it. */
  controlPlaneBack(host: Host, before: Step[]): Step[];
  /** Puts the returned hosts back into what the installer keeps of the cluster. */
  settleReturn(act: Returning & { site: Site }): Step[];
  /** True if the host is a Node of the cluster: it has a kubelet. An etcd on a host of its own may have none. */
  isNode(host: Host): boolean;
  /** Labels of a host's Node that the installer gives: its zone, if it gives one, and the names behind node-role.kubernetes.io/. */
  nodeLabels(host: Host): { zone: string | undefined; roles: string[] };
}

/** The part of a topology that images follow from. */
export type ImageSettings = Pick<Topology, "rkeVersion" | "kubernetesVersion" | "rke" | "kubeadm" | "etcdUnit">;

/** An installer that plans otherwise from release to release, and doesn't say on a host which release it was. */
export interface Releases {
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
  imagesTaken(settings: ImageSettings, state: string): Record<string, string>;
}
