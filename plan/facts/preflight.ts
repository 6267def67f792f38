import type { Sections } from "./sections";
import type { StepResult } from "./step-records";
import { recordOf } from "./step-records";

/** The parts of a host's certificate that guards check. */
export interface CertificateFacts {
  /** Path on the host. */
  file: string;
  /** The file's name without `.pem`, which is RKE's name of it. */
  name: string;
  /** Unix milliseconds. */
  notBefore: number;
  notAfter: number;
  dnsNames: string[];
  ipAddresses: string[];
  /** True if the issuer's CA in the same folder signed it; undefined if that folder has no CA of the issuer's name. */
  signed: boolean | undefined;
}

/** All certificate files of a host, read. */
export interface CertificateReading {
  certificates: CertificateFacts[];
  /** Files that hold no certificate that can be read, and why. */
  unreadableCertificates: { file: string; reason: string }[];
}

export type ReadCertificates = (files: { file: string; pem: string }[]) => CertificateReading;

/** A step that ended with an error, as `on-host/lib/step.sh` keeps it until the step succeeds. */
export interface FailedStep
  extends Pick<StepResult, "step" | "host" | "epoch" | "generation" | "startedAt" | "milliseconds" | "did"> {
  /** The shell's exit code. */
  exit: number;
  error: string;
}

/** How a host's own kubelet and the runtime under it are set up. */
export interface NodeFacts {
  /** The image of each pod's sandbox; "" if the runtime didn't say. */
  sandboxImage: string;
  /** Drivers of cgroups, "systemd" or "cgroupfs". */
  runtimeCgroups: string;
  kubeletCgroups: string;
  /** How full the disk of images is, and from where on the kubelet deletes unused images; percent. */
  imageUsed: number | undefined;
  imageThreshold: number;
  /** systemd's SubState of the kubelet's unit: "running", "auto-restart", "dead", ... */
  kubelet: string;
  /** True if an act has stopped the kubelet, or was killed while it held it, or the kubelet waits for the return guard after a boot. */
  kubeletHeld: boolean;
  /** The last error in the log of a kubelet that doesn't run. */
  kubeletWords: string;
  /** Paths of files beside the manifests of etcd and the control plane that have one of their pods, too. */
  secondManifests: string[];
}

/** Facts of a host that only guards need; `on-host/look/preflight-facts.sh` prints them. */
export interface PreflightFacts extends CertificateReading {
  /** Names by which the runtime knows an image: NAME:TAG, NAME@DIGEST, ID. */
  images: string[];
  /** Containers of pods whose sandbox is gone: a kubelet that starts ends with "no PodsandBox found". */
  orphans: { id: string; name: string; sandbox: string }[];
  /** Pods whose sandbox was made anew five times or more, the last time when `createdAt` says (Unix ms). */
  restartedSandboxes: { pod: string; attempt: number; createdAt: number }[];
  /** Undefined if the kubelet is a process of the runtime's, as RKE's is. */
  node?: NodeFacts | undefined;
  /** The last log line of a kubelet that keeps restarting, "" if it has logged nothing; undefined if the kubelet doesn't keep restarting. */
  kubeletWords: string | undefined;
  /** The database of an etcd that doesn't run: can it be read? Undefined if etcd runs, or if nobody could try. */
  database: "sound" | { unreadable: string } | undefined;
  /** That database's revision. The WAL may hold newer entries. */
  databaseRevision?: number | undefined;
  /** Free bytes of the fullest file system that steps write to. */
  smallestFreeBytes: number;
  /** The largest log files on the file systems that steps write to, largest first; looked for only where little is free. */
  largeLogs?: { path: string; bytes: number }[];
  /** The decisions of the act that claimed the host last, key by key. */
  earlierPlan: Record<string, string>;
  failures: FailedStep[];
}

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line !== "");

/** Reads the sections of `on-host/look/preflight-facts.sh`, by name. @param host its name in the topology */
export function parsePreflight(host: string, sections: Sections, readCertificates: ReadCertificates): PreflightFacts {
  const data = sections.get("data")?.trim();
  return {
    images: lines(sections.get("images")).flatMap((line) => line.split(" ")),
    ...parsePods(lines(sections.get("pods"))),
    node: parseNode(lines(sections.get("node"))),
    kubeletWords: sections.get("kubelet")?.trim(),
    database: data?.startsWith("unreadable")
      ? { unreadable: data.slice("unreadable ".length) }
      : data?.startsWith("sound")
        ? "sound"
        : undefined,
    databaseRevision: revisionOf(data),
    ...parseDisk(lines(sections.get("disk"))),
    earlierPlan: Object.fromEntries(
      lines(sections.get("earlier")).map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    ),
    failures: lines(sections.get("failures")).flatMap((line) => {
      try {
        return [recordOf<FailedStep>(host, line)];
      } catch {
        return []; // a power loss cut the line; failures are only shown, so one less does no harm
      }
    }),
    ...readCertificates(
      (sections.get("certificates") ?? "")
        .split(/^file=/m)
        .slice(1)
        .map((part) => {
          const end = part.indexOf("\n");
          return { file: part.slice(0, end), pem: part.slice(end + 1) };
        }),
    ),
  };
}

function parseNode(found: string[]): NodeFacts | undefined {
  const values = new Map(found.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const text = (key: string) => values.get(key) ?? "";
  return found.length === 0
    ? undefined
    : {
        sandboxImage: text("sandboxImage"),
        runtimeCgroups: text("runtimeCgroups"),
        kubeletCgroups: text("kubeletCgroups"),
        imageUsed: text("imageUsed") === "" ? undefined : Number(text("imageUsed")),
        imageThreshold: Number(text("imageThreshold")),
        kubelet: text("kubelet"),
        kubeletHeld: text("kubeletHeld") === "yes",
        kubeletWords: text("kubeletWords"),
        secondManifests: found.flatMap((line) => /^secondManifest=(.*)/.exec(line)?.[1] ?? []),
      };
}

/** The first line says how many bytes are free; the others are log files, "BYTES PATH". */
const parseDisk = ([free, ...logs]: string[]): Pick<PreflightFacts, "smallestFreeBytes" | "largeLogs"> => ({
  smallestFreeBytes: Number(free || 0),
  largeLogs: logs.map((line) => {
    const at = line.indexOf(" ");
    return { bytes: Number(line.slice(0, at)), path: line.slice(at + 1) };
  }),
});

/** 0 for a database that was made and never filled. */
function revisionOf(data: string | undefined): number | undefined {
  const [, revision] = /^sound (\d+)$/.exec(data ?? "") ?? [];
  return revision === undefined ? undefined : Number(revision);
}

/** Containers of pods carry their sandbox's ID; sandboxes are named k8s_POD_NAME_NAMESPACE_UID_ATTEMPT. */
function parsePods(entries: string[]): Pick<PreflightFacts, "orphans" | "restartedSandboxes"> {
  const pods = entries.map((line) => {
    const [id = "", type = "", sandbox = "", createdAt = "", name = ""] = line.split("|");
    return { id, type, sandbox, createdAt, name };
  });
  const ids = new Set(pods.filter((p) => p.type === "podsandbox").map((p) => p.id));
  return {
    orphans: pods
      .filter((p) => p.type === "container" && p.sandbox !== "" && !ids.has(p.sandbox))
      .map(({ id, name, sandbox }) => ({ id: id.slice(0, 12), name, sandbox: sandbox.slice(0, 12) })),
    restartedSandboxes: pods
      .filter((p) => p.type === "podsandbox")
      .map((p) => {
        const [, , pod = "", namespace = "", , attempt = "0"] = p.name.split("_");
        // "2026-11-21 16:51:00 +0000 UTC": the zone's name is said twice
        return {
          pod: `${namespace}/${pod}`,
          attempt: Number(attempt),
          createdAt: Date.parse(p.createdAt.split(" ").slice(0, 3).join(" ")),
        };
      })
      .filter((s) => s.attempt >= 5),
  };
}
