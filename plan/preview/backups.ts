import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import { fileProblems, finds, type SourceFile } from "../facts/source-files";
import type { Host, Topology } from "../topology/topology";
import { durationWords } from "../values/duration";

/** Snapshots that others write on a host: by one job, or under one of the topology's patterns. */
interface Backups {
  host: Host;
  /** The files' pattern, and what writes them; "" if only the topology names them. */
  glob: string;
  by: string;
  /** Newest first. */
  files: SourceFile[];
  /** The first file without a problem. */
  sound: SourceFile | undefined;
  /** The host's clock. */
  now: number;
  facts: Reachable;
}

/** Snapshots that others write, a line for each host and each place: a job that exists is no backup that exists. */
export const describeBackups = (topology: Topology, hosts: Host[], seen: Observation): string[] => [
  ...backupsOf(topology, hosts, seen).map((b) => `${titled(b)}: ${found(b)}`),
  ...untold(hosts, seen).map(({ host, by }) => `${host.name}: ${by} saves snapshots; its text doesn't say where`),
];

/** Problems of snapshots that others write, a sentence each; for preview of both stacks. */
export const backupProblems = (topology: Topology, hosts: Host[], seen: Observation): string[] => [
  ...backupsOf(topology, hosts, seen).flatMap((b) => {
    const [newest] = b.files;
    if (b.sound === undefined) {
      const known = isKnown(b)
        ? "the job has left no sound snapshot"
        : "it isn't known if the job has left a sound snapshot";
      return b.by === "" ? [] : [`${titled(b)}: ${known}: ${whyNone(b)}`];
    }
    return newest === b.sound
      ? []
      : [
          `${titled(b)}: the newest snapshot isn't sound: ${newest?.path}: ${problemsOf(b, newest)}; the newest sound one is ${age(b, b.sound)} old`,
        ];
  }),
  ...untold(hosts, seen).map(
    ({ host, by }) =>
      `${host.name}: ${by} saves snapshots of etcd, and its text doesn't say where: name the files in topology.sources`,
  ),
];

function backupsOf({ sources }: Topology, hosts: Host[], seen: Observation): Backups[] {
  return hosts.flatMap((host) => {
    const facts = factsOf(seen, host);
    if (facts?.jobs === undefined) return [];
    const now = seen.at + facts.clockSkew;
    const jobs = facts.jobs.flatMap(({ by, script, glob }) =>
      glob === undefined ? [] : [{ glob, by: script === undefined ? by : `${script} (${by})` }],
    );
    const places = [
      ...jobs,
      ...sources.filter((glob) => !jobs.some((job) => job.glob === glob)).map((glob) => ({ glob, by: "" })),
    ];
    return places.flatMap(({ glob, by }) => {
      const files = facts.files
        .filter((file) => file.state !== "missing" && finds(glob, file.path))
        .sort((a, b) => b.takenAt - a.takenAt);
      // a topology's pattern need not find something on every host
      if (by === "" && files.length === 0) return [];
      const sound = files.find((file) => file.state !== "unread" && fileProblems(file, facts.cluster).length === 0);
      return [{ host, glob, by, files, sound, now, facts }];
    });
  });
}

/** Jobs of whose files the text doesn't say the place. */
const untold = (hosts: Host[], seen: Observation): { host: Host; by: string }[] =>
  hosts.flatMap((host) =>
    (factsOf(seen, host)?.jobs ?? [])
      .filter(({ glob }) => glob === undefined)
      .map(({ by, script }) => ({ host, by: script === undefined ? by : `${script} (${by})` })),
  );

const titled = ({ host, glob, by }: Backups): string => `${host.name}: ${glob}${by === "" ? "" : `, by ${by}`}`;

function found(b: Backups): string {
  if (b.sound === undefined) return `${isKnown(b) ? "none is sound" : "not known if one is sound"}: ${whyNone(b)}`;
  const newer = b.files.indexOf(b.sound);
  const revision = b.sound.revision === undefined ? "" : `, revision ${b.sound.revision}`;
  return `the newest sound one is ${age(b, b.sound)} old${revision}, ${b.sound.bytes} bytes, ${b.sound.path}${newer === 0 ? "" : `; ${newer} newer ${newer === 1 ? "one isn't" : "ones aren't"} sound`}`;
}

/** False if a file might be sound: there was no time to read it. */
const isKnown = ({ files }: Backups): boolean => files.every((file) => file.state !== "unread");

const whyNone = (b: Backups): string => {
  const [newest] = b.files;
  return newest === undefined
    ? "no file is there"
    : `${b.files.length} looked at; the newest, ${newest.path}: ${problemsOf(b, newest)}`;
};

const problemsOf = ({ facts }: Backups, file: SourceFile | undefined): string =>
  file === undefined
    ? "it is missing"
    : file.state === "unread"
      ? "there was no time to read it"
      : fileProblems(file, facts.cluster).join(", ");

const age = ({ now }: Backups, { takenAt }: SourceFile): string => durationWords(Math.max(0, (now - takenAt) / 1000));
