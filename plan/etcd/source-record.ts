/** The source as earlier runs of the same act have recorded it. */
import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { isPath } from "./recover";
import type { Source } from "./source";

/** True if an earlier run of this epoch's act has set the old etcd aside on the host. */
export function hasBegun(seen: Observation, host: Host, epoch: number): boolean {
  const facts = factsOf(seen, host);
  return (
    facts?.processes[`etcd-before-epoch-${epoch}`] !== undefined ||
    facts?.plan.begun === "yes" ||
    ["etcd-member", "etcd-restore"].some((step) => facts?.steps[step]?.epoch === epoch)
  );
}

/** The snapshot that the act began with, if its file has vanished since: the act keeps a copy of its own and goes on with it. */
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
 * A member whose etcd doesn't answer any more, with revision and age from the act's claim: a run that was killed while it had etcd
 * stopped must not forget how new the data is.
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

/** A number of the record; undefined if the record has "" for it. */
const known = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);

/** The source as it was when the act began: its data has become the new cluster's since, so its present revision says nothing. */
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
