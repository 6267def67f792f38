/** A snapshot, or a copied database, as it lies on a host. */
export interface SourceFile {
  path: string;
  /** Result of reading the file; `unread`: there was no time to read it during the look, step `source` reads it later. */
  state: "whole" | "unhashed" | "unread" | "missing" | "empty" | "cut" | "damaged" | "foreign";
  bytes: number;
  /** Unix milliseconds, whole seconds; for a file without a description, its modification time. */
  takenAt: number;
  revision: number | undefined;
  /** Length and cluster by the description beside the file; undefined if there is no description. */
  described: { bytes: number | undefined; cluster: string | undefined };
}

/** A job on a host that writes snapshots of etcd, though this program hasn't set it up; read from the text of crontab, unit and script. */
export interface BackupJob {
  /** The crontab or the timer that starts it. */
  by: string;
  /** Undefined if the command stands in the crontab or unit itself. */
  script: string | undefined;
  /** A pattern of the files that it writes; undefined if the text doesn't say. */
  glob: string | undefined;
}

/** Reads the section `jobs` of on-host/look/source-facts.sh: a line "STARTED-BY<TAB>SCRIPT<TAB>GLOB" each. */
export const parseJobs = (text: string | undefined): BackupJob[] =>
  (text ?? "")
    .split("\n")
    .map((line) => line.split("\t"))
    .flatMap(([by = "", script, glob]) =>
      by === "" ? [] : [{ by, script: script || undefined, glob: glob || undefined }],
    );

/** True if the pattern finds the file: * and ? stand for signs of one folder's or file's name. */
export const finds = (glob: string, path: string): boolean =>
  new RegExp(
    `^${glob
      .replace(/[.+^$()|[\]{}\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]")}$`,
  ).test(path);

/** Reads the section `sources` of on-host/look/source-facts.sh: a line "STATE BYTES MODIFIED PATH DESCRIPTION" each. */
export function parseSourceFiles(text: string | undefined): SourceFile[] {
  return (text ?? "").split("\n").flatMap((line) => {
    const [, state, bytes, modified, path, description] = /^(\w+) (\d+) (\d+) (\/\S+) (.*)$/.exec(line) ?? [];
    if (state === undefined || path === undefined) {
      return [];
    }
    const said = numbersAndNames(description);
    return [
      {
        path,
        state: state as SourceFile["state"],
        bytes: Number(bytes),
        // down to the second: a voter that gives a snapshot may lag a little behind the leader
        takenAt: Math.floor((said.takenAt ?? Number(modified)) / 1000) * 1000,
        revision: said.revision,
        described: { bytes: said.bytes, cluster: said.cluster },
      },
    ];
  });
}

/** Why a file can't be restored from; empty if nothing was found against it. */
export function fileProblems(file: SourceFile, cluster: string | undefined): string[] {
  const { described } = file;
  const shorter = described.bytes !== undefined && described.bytes !== file.bytes;
  const other = described.cluster !== undefined && cluster !== undefined && described.cluster !== cluster;
  switch (file.state) {
    case "missing":
      return ["it is missing"];
    case "empty":
      return ["it is empty"];
    case "cut":
      return [`it is cut: ${file.bytes} bytes${shorter ? ` of ${described.bytes}` : ""}`];
    case "damaged":
      return ["it is damaged: its hash is another"];
    case "foreign":
      return ["it is another cluster's: none of its members is of this topology"];
    case "whole":
    case "unhashed":
    case "unread":
      return [
        ...(shorter ? [`it is cut: ${file.bytes} bytes of ${described.bytes}`] : []),
        ...(other ? [`it is of cluster ${described.cluster}, not of ${cluster}`] : []),
        ...(file.revision !== undefined && file.revision <= 1
          ? [`it holds nothing: its revision is ${file.revision}`]
          : []),
        ...(file.revision === undefined && file.state === "unhashed" ? ["it can't be read as etcd's data"] : []),
      ];
    default:
      return file.state satisfies never;
  }
}

function numbersAndNames(text: string | undefined): {
  takenAt: number | undefined;
  revision: number | undefined;
  bytes: number | undefined;
  cluster: string | undefined;
} {
  let value: Record<string, unknown> = {};
  try {
    value = JSON.parse(text ?? "{}") as Record<string, unknown>;
  } catch {
    // a description that can't be read describes nothing
  }
  const number = (key: string) => (typeof value[key] === "number" ? value[key] : undefined);
  return {
    takenAt: number("takenAt"),
    revision: number("revision"),
    bytes: number("bytes"),
    cluster: typeof value.cluster === "string" ? value.cluster : undefined,
  };
}
