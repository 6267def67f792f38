import type { Aside, LostObject } from "./compare";
import { type Stranded, strandedMarkdown } from "./stranded";
import type { Data, Lost } from "./where";

/** What a failover cost, by name. */
export interface LostReport {
  cluster: string;
  /** The failover's. */
  epoch: number;
  datacenter: string;
  /** Data that was compared: the newest of the returned side's, and what the failover began with. */
  there: { host: string; path: string; revision: number };
  base: { host: string; path: string; revision: number };
  /** Further data of the returned side, and why hosts have none. */
  others: string[];
  objects: LostObject[];
  /** What the living cluster still expects of hosts that are gone; or why its API doesn't say. */
  expects: Stranded | { reason: string } | undefined;
}

/** A host's data and the revision that it was read at. */
export const dataRead = ({ host, path }: Data, revision: number) => ({ host: host.name, path, revision });

/** The objects that somebody may have to bring back. */
export const toBringBack = (objects: LostObject[]): LostObject[] => objects.filter((o) => o.aside === undefined);

const reasons: Record<Aside, string> = {
  machinery: "of the control plane itself (Leases, Events, allocated addresses)",
  components: "written by Kubernetes' own components alone, which write them anew",
  controlled: "controlled by another object, whose controller makes them anew",
  status: "with another status and nothing else",
};

/** @param all if objects that nobody has to bring back are listed, too, instead of counted */
export function lostMarkdown(report: LostReport, all: boolean): string {
  const { objects, there, base, epoch, datacenter } = report;
  const listed = all ? objects : toBringBack(objects);
  const groups = (Object.keys(reasons) as Aside[]).flatMap((aside) => {
    const of = objects.filter((o) => o.aside === aside);
    return of.length === 0 ? [] : [`- ${of.length} ${reasons[aside]}: ${kinds(of)}`];
  });
  return [
    `# What the failover of epoch ${epoch} cost (cluster ${report.cluster}, datacenter ${datacenter})`,
    "",
    `Compared: ${there.host}, ${there.path}, revision ${there.revision}, with what the failover began with: ${base.host}, ${base.path}, revision ${base.revision}.`,
    ...report.others.map((line) => `${line}.`),
    "",
    ...(listed.length === 0
      ? [
          objects.length === 0
            ? `Nothing: datacenter ${datacenter} has no object that differs.`
            : `No object has to be brought back.`,
        ]
      : [
          "| what | kind | namespace | name | last written there | by | in the cluster now |",
          "| --- | --- | --- | --- | --- | --- | --- |",
          ...listed.map(row),
        ]),
    ...(listed.some((o) => o.encrypted)
      ? [
          "",
          "Encrypted objects: the API server encrypted them at rest; of them only key and revision are known, and --yaml leaves them out.",
        ]
      : []),
    ...(groups.length === 0 || all ? [] : ["", "Counted and not listed (--all lists them):", "", ...groups]),
    "",
    ...(report.expects === undefined
      ? []
      : "reason" in report.expects
        ? [`What the cluster expects of hosts that are gone isn't known: ${report.expects.reason}`, ""]
        : strandedMarkdown(report.expects)),
  ].join("\n");
}

function row(object: LostObject): string {
  const { difference, kind, namespace, name, time, by, now, encrypted, controller } = object;
  const what = encrypted ? `${difference}, encrypted` : difference;
  const of = controller ? ` (of ${controller.kind} ${controller.name})` : "";
  const at = time === undefined ? "not known" : new Date(time).toISOString().replace(/\.000Z$/, "Z");
  return `| ${what} | ${kind} | ${namespace} | ${name}${of} | ${at} | ${by.join(", ") || "not known"} | ${now} |`;
}

/** "Lease 3, Event 5" */
function kinds(objects: LostObject[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

/** The data of a failover's two sides in a line each, before anything is read. */
export const readsWhat = (lost: Lost): string[] => [
  `datacenter ${lost.datacenter}, lost in epoch ${lost.epoch}: ${lost.returned.map((d) => `${d.host.name} ${d.path}`).join(", ")}`,
  `the failover began with: ${lost.base.host.name} ${lost.base.path}`,
];
