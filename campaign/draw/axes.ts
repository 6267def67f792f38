/** The axes of a disaster, in the order in which they are drawn: a value may depend on those drawn before it. */

export const INSTALLERS = ["rke", "kubeadm"] as const;
export type CampaignInstaller = (typeof INSTALLERS)[number];

/** Installers whose clusters no run has yet: name to reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "kubespray, KubeKey": "not drawn: no world of theirs is built",
  "etcd alone": "not drawn: a run's clients write through Kubernetes",
};

/** One run's choices: axis to value. */
export type Choices = Readonly<Record<string, string>>;

export interface Value {
  name: string;
  /** How often it is drawn, compared with the axis' other values. */
  weight: number;
  /** The one installer whose clusters can have it; default: all. */
  only?: CampaignInstaller;
  /** True if the value makes sense beside what is drawn already; default: always. */
  fits?: (chosen: Choices) => boolean;
}

export interface Axis {
  name: string;
  /** The first one of an installer is the plainest: a failing run is shrunk towards it. It fits always. */
  values: readonly Value[];
  /** Values of the issue that are not drawn yet: name to reason. */
  notDrawn?: Readonly<Record<string, string>>;
}

const is =
  (axis: string, ...values: string[]) =>
  (chosen: Choices): boolean =>
    values.includes(chosen[axis] ?? "");
const failback = (chosen: Choices): boolean => chosen.return !== "never";

/** Moments of an act that are seen on a host from outside, at which something else goes wrong. */
const failoverMoments: Value[] = [
  { name: "claim", weight: 1 },
  { name: "snapshot", weight: 1 },
  { name: "etcd-set-aside", weight: 1 },
  { name: "first-write", weight: 1 },
  { name: "rke-up", weight: 1, only: "rke" },
  { name: "endpoint", weight: 1, only: "kubeadm" },
];
const failbackMoments: Value[] = [
  { name: "claim", weight: 1 },
  { name: "quarantine", weight: 1 },
  { name: "learner-added", weight: 1 },
  { name: "kube-apiserver", weight: 1 },
  { name: "rke-up", weight: 1, only: "rke" },
  { name: "nodes-back", weight: 1, only: "kubeadm" },
  { name: "control-plane-back", weight: 1, only: "kubeadm" },
];

export const AXES: readonly Axis[] = [
  {
    name: "topology",
    values: [
      { name: "two-and-one", weight: 6 },
      { name: "learner", weight: 2, only: "rke" },
      { name: "five", weight: 1 },
      { name: "learner-in-a", weight: 1, only: "rke" },
    ],
    notDrawn: {
      "learner, with kubeadm": "each kube-apiserver asks the etcd of its own host, and a learner answers it nothing",
      witness: "the lab has it; a third datacenter's survivors need a runner that keeps two of three sides in mind",
      "standby without etcd": "its failback isn't built, and the program refuses it",
      "worker-only site": "no topology of the lab has one",
      "order of hosts": "the lab's topologies have one order each",
    },
  },
  {
    name: "etcd",
    values: [
      { name: "3.4.23", weight: 4, only: "rke" },
      { name: "3.5.21", weight: 1, only: "rke" },
      { name: "3.6.16", weight: 1, only: "kubeadm" },
    ],
    notDrawn: {
      "3.6 with RKE": "no release of RKE has it",
      "other releases of kubeadm": "the lab builds v1.36.3 with its etcd alone",
      "releases of RKE":
        "a stand-in takes RKE's place unless LAB_RKE names a real one; `npm run drill -- --matrix` goes through them",
    },
  },
  {
    name: "raft snapshots",
    values: [
      { name: "rare", weight: 6 },
      { name: "every 10 entries", weight: 1 },
    ],
  },
  {
    name: "peace",
    values: [
      { name: "built", weight: 6 },
      { name: "old snapshot", weight: 2 },
      { name: "voter lost and taken out", weight: 1, only: "rke", fits: is("topology", "two-and-one") },
      { name: "host rebuilt", weight: 1, only: "rke", fits: is("topology", "two-and-one") },
    ],
    notDrawn: {
      "voter lost and taken out, host rebuilt, with kubeadm":
        "the program changes no hosts of such a cluster: kubeadm does, by its operator's hand",
      adopted: "a world of one isn't built; `test/e2e/adopted.test.ts` has its failover and failback",
      "hosts added, re-addressed, on other hardware": "`test/e2e/change.test.ts` has them, minutes each",
    },
  },
  {
    name: "data",
    values: [
      { name: "few keys", weight: 3 },
      { name: "sixty revisions", weight: 2 },
      { name: "compacted", weight: 2 },
      { name: "compacted and defragmented", weight: 1 },
      { name: "leases", weight: 1 },
      { name: "20 MB", weight: 1 },
    ],
  },
  {
    name: "return guard",
    values: [
      { name: "on", weight: 4 },
      { name: "off", weight: 1 },
    ],
  },
  {
    name: "disaster",
    values: [
      { name: "power", weight: 3 },
      { name: "etcd killed under load, then power", weight: 2 },
      { name: "link cut", weight: 1 },
      { name: "link cut, then power", weight: 2 },
      { name: "silent drop", weight: 1 },
      { name: "frozen", weight: 1 },
      { name: "one voter after the other", weight: 1, fits: is("topology", "two-and-one", "learner-in-a") },
      { name: "both dark, b on first", weight: 1 },
      { name: "power, and the survivor's disk full", weight: 1 },
      { name: "power, and the survivor's etcd killed", weight: 1 },
      { name: "power, and the survivor's kubelet and containerd restarted", weight: 1, only: "kubeadm" },
    ],
    notDrawn: {
      "skewed clock": "all namespaces of Linux share one wall clock, and libfaketime doesn't move a Go program's",
      "docker restarted": "the lab's RKE hosts have nobody who starts dockerd again",
    },
  },
  {
    name: "checkout",
    values: [
      { name: "as built", weight: 7 },
      { name: "lacks a worker", weight: 1 },
      { name: "lacks a lost voter", weight: 1, fits: is("topology", "two-and-one", "learner-in-a") },
    ],
  },
  {
    name: "recover",
    values: [
      { name: "auto", weight: 5 },
      { name: "restore", weight: 3 },
      { name: "snapshot", weight: 1, fits: is("peace", "old snapshot") },
    ],
  },
  {
    name: "during the act",
    values: [
      { name: "nothing", weight: 3 },
      { name: "operator killed", weight: 3 },
      { name: "operator killed, the survivor's power cut", weight: 2 },
      { name: "the survivor's power cut", weight: 1 },
      { name: "operator cut off", weight: 1 },
      { name: "operator killed, a back", weight: 2 },
      { name: "somebody else's up", weight: 1 },
      { name: "the survivor's etcd killed", weight: 1 },
      { name: "the survivor's disk full", weight: 1 },
      // as a configuration manager does that finds it stopped
      { name: "the survivor's kubelet started", weight: 1, only: "kubeadm" },
    ],
  },
  {
    name: "moment of the act",
    values: [
      { name: "none", weight: 0 },
      ...failoverMoments.map((moment) => ({
        ...moment,
        fits: (chosen: Choices) => chosen["during the act"] !== "nothing",
      })),
    ],
  },
  {
    name: "return",
    values: [
      { name: "never", weight: 1 },
      { name: "all at once", weight: 3 },
      { name: "host by host", weight: 1 },
      { name: "a alone first", weight: 1 },
      { name: "both at once, after a power cut of b", weight: 1 },
    ],
  },
  {
    name: "during the failback",
    values: [
      { name: "nothing", weight: 3 },
      { name: "operator killed", weight: 2, fits: failback },
      { name: "operator killed, a returned host's power cut", weight: 1, fits: failback },
      { name: "operator killed, the survivor's power cut", weight: 1, fits: failback },
      { name: "operator cut off from a", weight: 1, fits: failback },
      { name: "operator killed, a lost again", weight: 2, fits: failback },
    ],
  },
  {
    name: "moment of the failback",
    values: [
      { name: "none", weight: 0 },
      ...failbackMoments.map((moment) => ({
        ...moment,
        fits: (chosen: Choices) => chosen["during the failback"] !== "nothing",
      })),
    ],
  },
  {
    name: "next disaster",
    values: [
      { name: "none", weight: 2 },
      { name: "power of a again", weight: 1, fits: failback },
      { name: "power of a again, restored", weight: 1, fits: failback },
      // of two voters each is needed
      {
        name: "power of b",
        weight: 1,
        fits: (chosen) => failback(chosen) && chosen.peace !== "voter lost and taken out",
      },
    ],
  },
  {
    name: "way on",
    values: [
      { name: "the first that is said", weight: 2 },
      { name: "the last that is said", weight: 1 },
    ],
  },
];
