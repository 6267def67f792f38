import { Reader } from "protobufjs/minimal";
import { docker } from "../runtimes/docker/docker";
import type { Running } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";
import { type PreflightFacts, parsePreflight, type ReadCertificates } from "./preflight";
import { readProcesses } from "./processes";
import { sectionsOf } from "./sections";
import { parseSnapshots, type SnapshotFacts } from "./snapshots";
import { type BackupJob, parseJobs, parseSourceFiles, type SourceFile } from "./source-files";
import { recordOf, type StepResult } from "./step-records";
import { readStored } from "./stored-object";

export interface EtcdStatus {
  revision: number;
  raftTerm: number;
  dbBytes: number;
  version: string;
  /** True if etcd answered a linearizable read: then the cluster has a leader and a majority. */
  quorum: boolean;
  learner: boolean;
  leader: boolean;
  /** etcd's own errors and alarms, such as "memberID:1 alarm:CORRUPT" or "etcdserver: no leader". */
  complaints?: string[];
}

/** A member as `etcdctl member list` prints it; the name is empty until it has started. */
export interface Member {
  id: string;
  started: boolean;
  name: string;
  peerUrls: string[];
  learner: boolean;
}

/**
 * The end of a member's WAL, or the reason why it can't be read. Of two members of one cluster, that with the higher term, then the
 * higher index has every committed entry that the other has (raft's log matching and leader completeness).
 */
export type LogEnd = { term: number; index: number } | { unreadable: string };

/** A host in the installer's own state on a deploy host. */
export interface StateNode {
  name: string;
  address: string;
  internalAddress: string;
  roles: string[];
  /** If its SSH port answers the deploy host; undefined for hosts that are looked at themselves, and in a failover. */
  answers: boolean | undefined;
}

/** Why SSH to a host failed, if the cause is known. */
export type Refusal = "another host key" | "login refused" | "sudo refused";

/** The facts that one host reported, or the reason why it reported none. */
export type HostFacts =
  | { reachable: false; host: string; reason: string; refusal?: Refusal }
  | {
      reachable: true;
      host: string;
      architecture: string;
      /** The host's clock minus the operator's, milliseconds; a trip of the network is in it. */
      clockSkew: number;
      freeBytes: number;
      etcdBytes: number;
      /** When etcd last wrote to its WAL, Unix milliseconds of the host's clock; undefined if it has no WAL. */
      etcdWritten?: number | undefined;
      /**
       * The newest revision in the database of a host that has no container etcd, as in quarantine; its WAL may have newer ones. For one
       * that ended it is `preflight.databaseRevision`.
       */
      restingRevision?: number | undefined;
      /** When the newest object in that database was written, Unix milliseconds, to the second; undefined if none of its newest values says so. */
      restingWritten?: number | undefined;
      /** The end of its WAL; undefined if it has none, or wasn't asked. */
      logEnd?: LogEnd | undefined;
      /** SHA-256, in hex, of the kube-ca certificate without the line feed at its end. */
      caSum?: string | undefined;
      /** Programs and rights that steps need: curl with --unix-socket, root, the runtime's version ("" if it doesn't answer), flock, rke. */
      tools: { curl: boolean; root: boolean; runtime: string; flock: boolean; installer: boolean };
      /**
       * SSH's user if sudo makes it root. runtime: this user may use docker, as RKE does. recorded: sudo keeps what commands read on
       * stdin. Undefined if root logs in.
       */
      login?: { user: string; runtime: boolean; recorded: boolean } | undefined;
      epoch: number;
      /** The cluster that the host was claimed for; undefined if no act has claimed it. */
      cluster: string | undefined;
      act: string | undefined;
      /** The decisions of an act of this epoch, key by key; empty before the act has claimed the host. */
      plan: Record<string, string>;
      steps: Record<string, StepResult>;
      processes: Record<string, Running>;
      /** Files that a recovery could start from: first the file that the operator named, then the others, newest first. */
      files: SourceFile[];
      /** Jobs that write snapshots, though no act of this program has set them up; undefined if the host wasn't asked. */
      jobs?: BackupJob[] | undefined;
      /** firewall: the host can refuse packets. refused: addresses that its etcd refuses now. boot: what refuses them after a reboot, or "". */
      isolation: { firewall: boolean; refused: string[]; boot: string };
      etcd: EtcdStatus | undefined;
      /** Members as a voter with quorum lists them; empty if this host's etcd has no quorum. */
      members: Member[];
      /** Members as this host's own etcd knows them, with or without quorum; undefined if it doesn't answer. */
      peers?: Pick<Member, "name" | "peerUrls" | "learner">[] | undefined;
      /** The names of the cluster's Nodes in this host's etcd; undefined if it doesn't answer. */
      nodes?: string[] | undefined;
      /** Seconds since the host's boot. */
      upSeconds?: number | undefined;
      /** Since when its etcd and control plane wait for the other side (bootHold), Unix milliseconds; undefined if they don't. */
      heldSince?: number | undefined;
      /** The last line in which an etcd that doesn't answer says what ended it: a panic or a fatal error; empty if there is none. */
      etcdLog: string;
      /** When the newest Lease of the cluster was renewed, Unix milliseconds: how new the data is. */
      newestLease: number | undefined;
      /** The name by which kubeconfigs on this host reach the API, and where it leads from here; undefined for installers without one. */
      endpoint?: { name: string; addresses: string[] } | undefined;
      /** Of a deploy host; `nodes`: the hosts that the installer has built, by its own state. */
      deploy: { files: string[]; server: string; clusterYml: string; nodes?: StateNode[] } | undefined;
      /** Things that acts have set aside on the host: data by path, and containers ("container NAME", of 0 bytes). */
      aside: { path: string; bytes: number }[];
      /** SSH from this deploy host, by target: "ok" or the reason. */
      trust: Record<string, string>;
      /** Ports of lost hosts that answered this host, as "HOST PORT", or "HOST PORT refused". */
      answers: string[];
      preflight: PreflightFacts;
      /** The last rehearsal on this host, by its report; undefined if there was none. startedAt: Unix milliseconds. */
      rehearsal?: { startedAt: number; verified: boolean } | undefined;
      /** The scheduled snapshots of a deploy host. */
      snapshots?: SnapshotFacts;
    };

export type Reachable = Extract<HostFacts, { reachable: true }>;

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line !== "");

function pairs(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

const late = /^@@ late$/m;

/** True if the output is complete but for answers of lost hosts that come late. */
export const lateAnswersFollow = (output: string): boolean => late.test(output);

/** The facts, with the answers of lost hosts that the host heard afterwards. @param output all that the host printed */
export function withLateAnswers(facts: HostFacts, output: string): HostFacts {
  const answers = lines(output.split(late)[1]);
  return facts.reachable && answers.length > 0 ? { ...facts, answers: [...facts.answers, ...answers] } : facts;
}

/**
 * Reads the output of `on-host/look/facts.sh`.
 * @param readAt the operator's clock when the answer arrived, Unix milliseconds
 * @throws Error when the output ends early, or lacks a section that every host prints
 */
export function parseFacts(
  host: string,
  output: string,
  readAt: number,
  readCertificates: ReadCertificates,
  runtime: Runtime = docker,
): Reachable {
  const sections = sectionsOf(host, output);
  const own = pairs(sections.get("host"));
  const deploy = sections.get("deploy");
  return {
    reachable: true,
    host,
    architecture: own.arch ?? "",
    clockSkew: Number(pairs(sections.get("end")).now) - readAt,
    freeBytes: Number(own.freeBytes || 0),
    etcdBytes: Number(own.etcdBytes || 0),
    etcdWritten: Number(own.etcdWritten) || undefined,
    restingRevision: Number(lines(sections.get("resting"))[0]) || undefined,
    restingWritten: newestWrite(lines(sections.get("resting")).slice(1)),
    logEnd: parseLogEnd(sections.get("wal")),
    caSum: own.ca || undefined,
    tools: {
      curl: own.curl === "yes",
      root: own.root === "yes",
      runtime: own.docker ?? own.containerd ?? own.systemd ?? "",
      flock: Boolean(own.flock),
      installer: Boolean(own.rke),
    },
    login: own.user
      ? { user: own.user, runtime: own.userRuntime === "yes", recorded: own.stdinRecorded === "yes" }
      : undefined,
    epoch: Number(sections.get("epoch")?.trim() || 0),
    cluster: sections.get("cluster")?.trim() || undefined,
    act: sections.get("act")?.trim() || undefined,
    plan: pairs(sections.get("plan")),
    steps: Object.fromEntries(
      lines(sections.get("steps")).map((line) => {
        const result = recordOf<StepResult>(host, line);
        return [result.step, result];
      }),
    ),
    processes: readProcesses(sections.get("processes"), runtime),
    files: parseSourceFiles(sections.get("sources")),
    jobs: sections.has("jobs") ? parseJobs(sections.get("jobs")) : undefined,
    isolation: parseIsolation(sections.get("isolation")),
    etcd: readable(() => parseStatus(sections.get("status"), sections.has("quorum"))),
    members: lines(sections.get("members")).flatMap(parseMember),
    peers: readable(() => parsePeers(sections.get("peers"))),
    nodes: sections.has("nodes") ? lines(sections.get("nodes")) : undefined,
    endpoint: parseEndpoint(own.endpoint),
    upSeconds: own.upSeconds ? Number(own.upSeconds) : undefined,
    rehearsal: parseRehearsal(own.rehearsal),
    heldSince: own.held ? Number(own.held) * 1000 : undefined,
    etcdLog: sections.get("etcdlog")?.trim() ?? "",
    newestLease: readable(() => newestRenewal(sections.get("leases"))),
    deploy: deploy?.trim() ? parseDeploy(deploy, sections.get("cluster.yml") ?? "") : undefined,
    aside: lines(sections.get("aside")).map((line) => {
      const [bytes = "", path = ""] = line.split("\t");
      return { path, bytes: Number(bytes) };
    }),
    trust: Object.fromEntries(
      lines(sections.get("trust")).map((line) => {
        const at = line.indexOf(" ");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    ),
    answers: lines(sections.get("answers")),
    preflight: parsePreflight(host, sections, readCertificates),
    snapshots: parseSnapshots(sections.get("snapshots")),
  };
}

/** A time limit may cut etcdctl's output. Returns undefined then: the host must not count as unreachable for it. */
function readable<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** "2026-11-30T02:00:00.000Z true": when it began, and if it was verified. */
function parseRehearsal(text: string | undefined): Reachable["rehearsal"] {
  const [began = "", verified] = (text ?? "").split(" ");
  const startedAt = Date.parse(began);
  return Number.isNaN(startedAt) ? undefined : { startedAt, verified: verified === "true" };
}

/** "term=3", "index=478", or "unreadable=REASON". */
function parseLogEnd(text: string | undefined): LogEnd | undefined {
  const { term, index, unreadable } = pairs(text);
  if (unreadable !== undefined) {
    return { unreadable };
  }
  return term && index ? { term: Number(term), index: Number(index) } : undefined;
}

/** The name, and behind it the addresses to which it leads. */
function parseEndpoint(text: string | undefined): Reachable["endpoint"] {
  const [name = "", ...addresses] = (text ?? "").split(" ").filter((word) => word !== "");
  return name === "" ? undefined : { name, addresses };
}

function parseIsolation(text: string | undefined): Reachable["isolation"] {
  const { firewall, boot = "" } = pairs(text);
  return {
    firewall: firewall === "yes",
    boot,
    refused: lines(text)
      .filter((line) => line.startsWith("refused="))
      .map((line) => line.slice("refused=".length)),
  };
}

function parseDeploy(text: string, clusterYml: string): Reachable["deploy"] {
  const values = pairs(text);
  const all = (key: string) =>
    lines(text)
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  return {
    files: all("file"),
    server: values.server ?? "",
    clusterYml,
    nodes: all("node").map((line) => {
      const [address = "", internalAddress = "", name = "", roles = "", state = ""] = line.split(" ");
      return {
        name,
        address,
        internalAddress,
        roles: roles.split(","),
        answers: state === "asked" ? undefined : state === "answers",
      };
    }),
  };
}

function parseStatus(text: string | undefined, quorum: boolean): EtcdStatus | undefined {
  if (!text?.trim()) {
    return undefined;
  }
  const [entry] = JSON.parse(text) as {
    Status: {
      header: { revision: number; raft_term: number };
      version: string;
      dbSize: number;
      isLearner?: boolean;
      errors?: string[];
    };
  }[];
  if (!entry) {
    return undefined;
  }
  const status = entry.Status;
  return {
    revision: status.header.revision,
    raftTerm: status.header.raft_term,
    dbBytes: status.dbSize,
    version: status.version,
    quorum,
    learner: status.isLearner ?? false,
    // compared as text: the IDs are longer than a number's digits
    leader: /"member_id":(\d+)/.exec(text)?.[1] === /"leader":(\d+)/.exec(text)?.[1],
    complaints: status.errors ?? [],
  };
}

/** One line of `etcdctl member list`: ID, started or unstarted, name, peer URLs, client URLs, "true" for a learner. */
function parseMember(line: string): Member[] {
  const found = /^([0-9a-f]+), (started|unstarted), ([^,]*), (.*?), ([^ ]*), (true|false)$/.exec(line);
  return found
    ? [
        {
          id: found[1] ?? "",
          started: found[2] === "started",
          name: found[3] ?? "",
          peerUrls: (found[4] ?? "").split(","),
          learner: found[6] === "true",
        },
      ]
    : [];
}

/** The answer of etcd's peer port. The IDs in it are longer than a number's digits, and aren't read. */
function parsePeers(text: string | undefined): Reachable["peers"] {
  if (!text?.trim()) {
    return undefined;
  }
  const members = JSON.parse(text) as { name?: string; peerURLs?: string[]; isLearner?: boolean }[];
  return members.map((m) => ({ name: m.name ?? "", peerUrls: m.peerURLs ?? [], learner: m.isLearner ?? false }));
}

/** When the newest of these objects was written. @param values mvccpb.KeyValue{1: key, 5: value} each, in base64 */
export function newestWrite(values: string[]): number | undefined {
  const times = values.flatMap((text) => {
    const pair = Buffer.from(text, "base64");
    const value = readable(() => bytesField(pair, 5));
    const stored = value && readStored(Buffer.from(value));
    if (value === undefined || stored?.kind !== "object") return [];
    const { kind, created, writers } = stored.object;
    // of a Lease the renewal is no change that metadata note
    const renewed = kind === "Lease" ? readable(() => renewTime(Buffer.from(value))) : undefined;
    return [created, renewed, ...writers.map((w) => w.time)].filter((time) => time !== undefined);
  });
  return times.length > 0 ? Math.max(...times) : undefined;
}

function newestRenewal(text: string | undefined): number | undefined {
  if (!text?.trim()) {
    return undefined;
  }
  const list = JSON.parse(text) as { kvs?: { value: string }[] };
  const times = (list.kvs ?? [])
    .map((kv) => renewTime(Buffer.from(kv.value, "base64")))
    .filter((time) => time !== undefined);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/**
 * `spec.renewTime` of a stored coordination.k8s.io Lease, Unix milliseconds. Kubernetes stores "k8s\0" and a
 * runtime.Unknown whose field 2 holds the Lease: its field 2 is the spec, whose field 4 is a MicroTime of seconds (1)
 * and nanoseconds (2) (k8s.io/api/coordination/v1/generated.proto).
 */
export function renewTime(value: Buffer): number | undefined {
  if (value.subarray(0, 4).toString("latin1") !== "k8s\0") {
    try {
      const lease = JSON.parse(value.toString("utf8")) as { spec?: { renewTime?: string } };
      return lease.spec?.renewTime === undefined ? undefined : Date.parse(lease.spec.renewTime);
    } catch {
      return undefined;
    }
  }
  const lease = bytesField(value.subarray(4), 2);
  const spec = lease && bytesField(lease, 2);
  const time = spec && bytesField(spec, 4);
  if (!time) {
    return undefined;
  }
  const seconds = field(time, 1);
  const nanos = field(time, 2) ?? 0;
  return typeof seconds === "number" && typeof nanos === "number"
    ? seconds * 1000 + Math.floor(nanos / 1e6)
    : undefined;
}

function bytesField(message: Uint8Array, number: number): Uint8Array | undefined {
  const value = field(message, number);
  return value instanceof Uint8Array ? value : undefined;
}

/** One field of a protobuf message: a varint as a number, a length-delimited one as bytes. */
function field(message: Uint8Array, number: number): number | Uint8Array | undefined {
  const reader = Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== number) {
      reader.skipType(tag & 7);
    } else {
      return (tag & 7) === 0 ? Number(reader.int64()) : reader.bytes();
    }
  }
  return undefined;
}
