/**
 * The sections that `on-host/look/facts.sh` prints on every host, empty if there is nothing to say: a missing one means that the output can't
 * be read. test/on-host/sections.test.ts compares both lists with the scripts.
 */
export const alwaysPrinted = [
  "host",
  "epoch",
  "cluster",
  "act",
  "plan",
  "steps",
  "isolation",
  "processes",
  "snapshots",
  "aside",
  "deploy",
  "cluster.yml",
  "trust",
  "images",
  "pods",
  "node",
  "disk",
  "earlier",
  "failures",
  "certificates",
  "answers",
  "end",
] as const;

/** The sections that are printed only by some hosts: about an etcd that is set aside, answers or doesn't, a kubelet that fails, files that were asked for. */
export const printedBySome = [
  "resting",
  "status",
  "quorum",
  "members",
  "leases",
  "peers",
  "nodes",
  "etcdlog",
  "kubelet",
  "data",
  "jobs",
  "sources",
  "wal",
] as const;

export type Section = (typeof alwaysPrinted)[number] | (typeof printedBySome)[number];

/** A host's output by section; `get` returns undefined for a section of `printedBySome` that the host didn't print. */
export type Sections = Pick<Map<Section, string>, "get" | "has">;

/**
 * Splits the output of `on-host/look/facts.sh`.
 * @throws Error when the output ends early, or lacks sections that every host prints
 */
export function sectionsOf(host: string, output: string): Sections {
  const sections = new Map<string, string>();
  for (const part of output.split(/^@@ /m).slice(1)) {
    const end = part.indexOf("\n");
    sections.set(part.slice(0, end), part.slice(end + 1));
  }
  if (!sections.has("end")) {
    throw new Error(`facts of ${host}: the output ends early: ${JSON.stringify(output.slice(-200))}`);
  }
  const missing = alwaysPrinted.filter((name) => !sections.has(name));
  if (missing.length > 0) {
    throw new Error(missing.map((name) => `facts of ${host}: section ${name} is missing`).join("\n"));
  }
  return sections;
}
