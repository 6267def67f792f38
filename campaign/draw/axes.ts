/** The axes of a disaster, in the order in which they are drawn: a value may depend on those drawn before it. */

export const INSTALLERS = ["rke", "kubeadm"] as const;
export type CampaignInstaller = (typeof INSTALLERS)[number];

/** Installers whose clusters no run has yet: name to reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  kubeadm: "drawn, not run: moments and readings of a run look at docker's containers",
  "kubespray, KubeKey, etcd alone":
    "not drawn: their labs are new, and moments and readings of a run look at docker's containers",
};

/** One run's choices: axis to value. */
export type Choices = Readonly<Record<string, string>>;

export interface Value {
  name: string;
  /** How often it is drawn, compared with the axis' other values. */
  weight: number;
  /** True if the value makes sense beside what is drawn already; default: always. */
  fits?: (chosen: Choices) => boolean;
}

export interface Axis {
  name: string;
  /** The first one is the plainest: a failing run is shrunk towards it. It fits always. */
  values: readonly Value[];
  /** Values of the issue that are not drawn yet: name to reason. */
  notDrawn?: Readonly<Record<string, string>>;
}

const is =
  (axis: string, ...values: string[]) =>
  (chosen: Choices): boolean =>
    values.includes(chosen[axis] ?? "");
const rke = is("installer", "rke");
const failback = (chosen: Choices): boolean => rke(chosen) && chosen.return !== "never";
const both =
  (...conditions: ((chosen: Choices) => boolean)[]) =>
  (chosen: Choices): boolean =>
    conditions.every((holds) => holds(chosen));

/** Steps of a failover whose record on the survivor is a moment at which something else goes wrong. */
const failoverMoments = ["claim", "snapshot", "etcd-set-aside", "first-write", "rke-up"];
const failbackMoments = ["claim", "quarantine", "learner-added", "kube-apiserver", "rke-up"];

export const AXES: readonly Axis[] = [
  {
    name: "topology",
    values: [
      { name: "two-and-one", weight: 6 },
      { name: "learner", weight: 2, fits: rke },
      { name: "five", weight: 1, fits: rke },
      { name: "learner-in-a", weight: 1, fits: rke },
    ],
    notDrawn: {
      witness: "the lab has it; a third datacenter's survivors need a runner that keeps two of three sides in mind",
      "standby without etcd": "its failback isn't built, and the program refuses it",
      "worker-only site": "no topology of the lab has one",
      "order of hosts": "the lab's topologies have one order each",
    },
  },
  {
    name: "etcd",
    values: [
      { name: "3.4.23", weight: 4 },
      { name: "3.5.21", weight: 1, fits: rke },
    ],
    notDrawn: {
      "3.6 with RKE": "no release of RKE has it",
      "releases of RKE":
        "a stand-in takes RKE's place unless LAB_RKE names a real one; `npm run drill -- --matrix` goes through them",
    },
  },
  {
    name: "raft snapshots",
    values: [
      { name: "rare", weight: 6 },
      { name: "every 10 entries", weight: 1, fits: rke },
    ],
  },
  {
    name: "peace",
    values: [
      { name: "built", weight: 6 },
      { name: "old snapshot", weight: 2, fits: rke },
      { name: "voter lost and taken out", weight: 1, fits: both(rke, is("topology", "two-and-one")) },
      { name: "host rebuilt", weight: 1, fits: both(rke, is("topology", "two-and-one")) },
    ],
    notDrawn: {
      adopted: "a world of one isn't built; `test/e2e/adopted.test.ts` has its failover and failback",
      "hosts added, re-addressed, on other hardware": "`test/e2e/change.test.ts` has them, minutes each",
    },
  },
  {
    name: "data",
    values: [
      { name: "few keys", weight: 3 },
      { name: "sixty revisions", weight: 2, fits: rke },
      { name: "compacted", weight: 2, fits: rke },
      { name: "compacted and defragmented", weight: 1, fits: rke },
      { name: "leases", weight: 1, fits: rke },
      { name: "20 MB", weight: 1, fits: rke },
    ],
  },
  {
    name: "return guard",
    values: [
      { name: "on", weight: 4 },
      { name: "off", weight: 1, fits: rke },
    ],
  },
  {
    name: "disaster",
    values: [
      { name: "power", weight: 3 },
      { name: "etcd killed under load, then power", weight: 2, fits: rke },
      { name: "link cut", weight: 1 },
      { name: "link cut, then power", weight: 2, fits: rke },
      { name: "silent drop", weight: 1 },
      { name: "frozen", weight: 1 },
      { name: "one voter after the other", weight: 1, fits: is("topology", "two-and-one", "learner-in-a") },
      { name: "both dark, b on first", weight: 1 },
      { name: "power, and the survivor's disk full", weight: 1, fits: rke },
      { name: "power, and the survivor's etcd killed", weight: 1, fits: rke },
    ],
    notDrawn: {
      "skewed clock": "all namespaces of Linux share one wall clock, and libfaketime doesn't move a Go program's",
      "docker or kubelet restarted": "the lab's RKE hosts have nobody who starts dockerd again",
    },
  },
  {
    name: "checkout",
    values: [
      { name: "as built", weight: 7 },
      { name: "lacks a worker", weight: 1, fits: rke },
      { name: "lacks a lost voter", weight: 1, fits: both(rke, is("topology", "two-and-one", "learner-in-a")) },
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
      { name: "operator killed", weight: 3, fits: rke },
      { name: "operator killed, the survivor's power cut", weight: 2, fits: rke },
      { name: "the survivor's power cut", weight: 1, fits: rke },
      { name: "operator cut off", weight: 1, fits: rke },
      { name: "operator killed, a back", weight: 2, fits: rke },
      { name: "somebody else's up", weight: 1, fits: rke },
      { name: "the survivor's etcd killed", weight: 1, fits: rke },
      { name: "the survivor's disk full", weight: 1, fits: rke },
    ],
  },
  {
    name: "moment of the act",
    values: [
      { name: "none", weight: 0 },
      ...failoverMoments.map((name) => ({
        name,
        weight: 1,
        fits: (chosen: Choices) => chosen["during the act"] !== "nothing",
      })),
    ],
  },
  {
    name: "return",
    values: [
      { name: "never", weight: 1 },
      { name: "all at once", weight: 3, fits: rke },
      { name: "host by host", weight: 1, fits: rke },
      { name: "a alone first", weight: 1, fits: rke },
      { name: "both at once, after a power cut of b", weight: 1, fits: rke },
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
      ...failbackMoments.map((name) => ({
        name,
        weight: 1,
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
      { name: "power of b", weight: 1, fits: both(failback, (chosen) => chosen.peace !== "voter lost and taken out") },
    ],
  },
  {
    name: "way on",
    values: [
      { name: "the first that is said", weight: 2 },
      { name: "the last that is said", weight: 1, fits: rke },
    ],
  },
];
