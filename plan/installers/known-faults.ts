import { isAtLeast, parseVersion } from "./rke/releases/versions";

/** Programs of a cluster that this program knows faulty versions of. */
export type Program = "etcd" | "docker" | "rke" | "kubelet";

/** Versions like "3.5.1" or "v1.2.7", as far as they are known. */
export type Versions = Partial<Record<Program, string>>;

/** A range of a program's versions with a fault that matters to a recovery. (etcd's versions that can't be forced: plan/etcd/known-versions.ts.) */
export interface KnownFault {
  program: Program;
  /** The first version that has the fault. */
  from: string;
  /** The first version that doesn't have it any more; undefined if no such version is known. */
  below?: string;
  /** Only beside another program of this version or a later one, or below another. */
  beside?: { program: Program; from?: string; below?: string };
  /** True if acknowledged writes may be lost by it: then the policy refuses it unless it is accepted. */
  losesData?: true;
  /** The guard that looks whether the fault is there; then the version alone isn't worth a word. */
  guard?: string;
  /** The harm, as words that follow the program's name and version. */
  fault: string;
  /** What to do about it. */
  way: string;
  /** Where that is known from. */
  source: string;
}

export const knownFaults: readonly KnownFault[] = [
  {
    program: "etcd",
    from: "3.5.0",
    below: "3.5.3",
    losesData: true,
    fault: "may have members that differ after a kill or a power cut, and keeps no word of it",
    way: "take an image of 3.5.3 or later",
    source: "etcd-io/etcd#13766",
  },
  {
    program: "etcd",
    from: "3.5.3",
    below: "3.5.6",
    losesData: true,
    fault: "may have members that differ after a crash during a defragmentation",
    way: "take an image of 3.5.6 or later; until then don't defragment",
    source: "kubernetes/kubernetes#114064",
  },
  {
    program: "etcd",
    from: "3.5.21",
    below: "3.5.22",
    fault:
      "keeps members that --force-new-cluster has removed in its database, and an upgrade to 3.6 lists them as voters",
    way: "take an image of 3.5.22 or later before a failover",
    source: "measured, 3 of 3 runs; mended in 3.5.22",
  },
  {
    program: "docker",
    from: "29.0.0",
    beside: { program: "rke", below: "1.3.0" },
    fault: "refuses the API version 1.24, which RKE before 1.3 asks for: `rke up` fails",
    way: "keep docker below 29 on these hosts, or take RKE 1.3 or later",
    source:
      "RKE v1.2.7 docker/docker.go DockerAPIVersion; minimum 1.44 as in distribution/distribution-library-image#193",
  },
  {
    program: "rke",
    from: "1.4.4",
    below: "1.4.23",
    fault:
      "restarts the first control plane host's kube-apiserver at each `rke up` with an audit policy, also after a failover",
    way: "none is needed for a recovery: it costs the API some seconds",
    source: "RKE's own functions, called; docs/rke-releases.md",
  },
  {
    program: "rke",
    from: "1.5.0",
    below: "1.5.9",
    fault:
      "restarts the first control plane host's kube-apiserver at each `rke up` with an audit policy, also after a failover",
    way: "none is needed for a recovery: it costs the API some seconds; 1.5.9 doesn't do it",
    source: "RKE's own functions, called; docs/rke-releases.md",
  },
  {
    program: "kubelet",
    from: "1.17.0",
    guard: "kubelets",
    fault:
      "ends some minutes after its start if it reaches no API, and is started again and again until the API serves",
    way: "none is needed: a failover brings the API back",
    source: "kubernetes/kubernetes#87964",
  },
  {
    program: "kubelet",
    from: "1.0.0",
    below: "1.24.0",
    guard: "kubelets",
    fault: 'ends at its start with "no PodsandBox found" if a pod\'s container has lost its sandbox',
    way: "guard `kubelets` finds such containers before a failover",
    source: "kubernetes/kubernetes#107115; dockershim left in 1.24",
  },
];

/** The rows that hold for these versions; a version that isn't known, or can't be read, has no faults. */
export const faultsOf = (versions: Versions): KnownFault[] =>
  knownFaults.filter(
    ({ program, from, below, beside }) =>
      isWithin(versions[program], from, below) &&
      (beside === undefined || isWithin(versions[beside.program], beside.from ?? "0.0.0", beside.below)),
  );

/** The faults in words, a sentence each, but those that a guard looks for. */
export const faultWords = (versions: Versions): string[] =>
  faultsOf(versions)
    .filter((row) => row.guard === undefined)
    .map((row) => `${titled(row, versions)} ${row.fault}: ${row.way} (${row.source})`);

export const titled = ({ program }: KnownFault, versions: Versions): string =>
  `${program} ${(versions[program] ?? "").replace(/^v/, "")}`;

/** Only the numbers count: v1.20.5-rancher1-1 is 1.20.5. */
function isWithin(version: string | undefined, from: string, below: string | undefined): boolean {
  const numbers = /^v?(\d+\.\d+\.\d+)/.exec(version ?? "")?.[1];
  return (
    numbers !== undefined &&
    parseVersion(numbers) !== undefined &&
    isAtLeast(numbers, from) &&
    (below === undefined || !isAtLeast(numbers, below))
  );
}
