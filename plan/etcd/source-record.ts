/** What earlier runs of an act have recorded of its source, and what of it counts. */
import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { isPath } from "./recover";
import type { Source } from "./source";

/** Whether an earlier run of this epoch's act has set the old etcd aside on the host. */
export function hasBegun(seen: Observation, host: Host, epoch: number): boolean {
  const facts = factsOf(seen, host);
  return (
    facts?.processes[`etcd-before-epoch-${epoch}`] !== undefined ||
    facts?.plan.begun === "yes" ||
    ["etcd-member", "etcd-restore"].some((step) => facts?.steps[step]?.epoch === epoch)
  );
}

/** A snapshot that the act began with and that isn't there any more: the act has its own copy. */
export function vanishedSnapshot(host: Host, { source: name }: Record<string, string>): Source[] {
  return name !== undefined && isPath(name)
    ? [
        {
          kind: "snapshot",
          host,
          name,
          take: name,
          etcd: undefined,
          dataAsOf: undefined,
          revision: undefined,
          problems: [],
        },
      ]
    : [];
}

/**
 * A member that can't be asked any more, as the claim of this act noted it: a run that was killed while it had etcd stopped
 * must not forget how new the data is. It can't have grown older since.
 */
export function remembered(source: Source, seen: Observation): Source {
  const noted = factsOf(seen, source.host)?.plan;
  if (source.kind === "snapshot" || source.etcd !== undefined || noted?.source !== source.name) {
    return source;
  }
  return {
    ...source,
    dataAsOf: source.dataAsOf ?? known(noted.dataAsOf),
    revision: source.revision ?? known(noted.revision),
  };
}

/** A number that an act noted; empty where it knew none. */
const known = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);

/** The source as the act found it when it began: by now its data is the new cluster's. */
export function resumed(source: Source, record: Record<string, string>): Source {
  return {
    ...source,
    dataAsOf: known(record.dataAsOf),
    revision: known(record.revision),
    take: record.take ?? source.take,
    least: known(record.least) ?? 0,
    problems: [],
  };
}
