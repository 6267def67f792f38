import { z } from "zod";

/**
 * The versions that each RKE release supports, in the shape of table.json. The images' common parts are left out: rancher/hyperkube:VERSION
 * without the last number for Kubernetes, rancher/rke-tools:TAG for RKE's tools.
 */
export interface ReleaseTable {
  /** By RKE release, the kubernetes_version that it takes if cluster.yml has none. */
  rke: Record<string, string>;
  /** By kubernetes_version. */
  kubernetes: Record<string, Row>;
  /** By kubernetes_version: images read from metadata that is newer than any RKE release of `rke`. */
  later: Record<string, [etcdImage: string, toolsTag: string]>;
}

/**
 * `releases` are the RKE releases that know the version, as ranges `FIRST..LAST` separated by a space, the last one without
 * an end if the newest release knows the version, too. `etcdArguments`, for Kubernetes 1.14 to 1.16 only, are the releases
 * whose metadata give etcd arguments of its own for that version; in later ones all do.
 */
export type Row =
  | [etcdImage: string, toolsTag: string, releases: string]
  | [etcdImage: string, toolsTag: string, releases: string, etcdArguments: string];

const images = z.object({ etcd: z.string(), kubernetes: z.string(), tools: z.string() });
const variant = images.extend({ rke: z.array(z.string()), etcdOptions: z.string().optional() });
const recording = z.object({
  rke: z.record(z.string(), z.object({ default: z.string() })),
  releases: z.record(z.string(), z.array(variant).min(1)),
  laterMetadata: z.record(z.string(), z.unknown()),
});

/**
 * Makes the table from `releases.json`, the recording of every RKE release's metadata.
 * @throws Error that names the first entry which the table's shape can't hold
 */
export function makeTable(recorded: unknown): ReleaseTable {
  const { rke, releases, laterMetadata } = recording.parse(recorded);
  const newest = Object.keys(rke).at(-1) ?? "";
  return {
    rke: Object.fromEntries(Object.entries(rke).map(([release, { default: version }]) => [release, version])),
    kubernetes: Object.fromEntries(
      Object.entries(releases).map(([version, variants]) => [version, rowOf(version, variants, newest)]),
    ),
    later: Object.fromEntries(
      Object.entries(laterMetadata)
        .filter(([version]) => version !== "note")
        .map(([version, entry]) => {
          const { etcd, tools } = images.parse(entry);
          return [version, [etcd, toolsTag(tools)]];
        }),
    ),
  };
}

function rowOf(version: string, variants: z.infer<typeof variant>[], newest: string): Row {
  const first = variants[0];
  if (!first || variants.some((v) => v.etcd !== first.etcd || v.tools !== first.tools)) {
    throw new Error(`${version}: its images differ by RKE release, which the table can't hold`);
  }
  const withArguments = variants.filter((v) => v.etcdOptions !== undefined);
  const row: [string, string, string] = [first.etcd, toolsTag(first.tools), ranges(variants, newest)];
  const isOld = /^v1\.1[0-6]\./.test(version);
  return isOld && withArguments.length > 0 ? [...row, ranges(withArguments, newest)] : row;
}

function ranges(variants: z.infer<typeof variant>[], newest: string): string {
  const spans = variants.flatMap((v) => v.rke).map((range) => range.split(".."));
  // a version's own change of arguments, not a gap: v1.2.0..v1.2.1 and v1.2.2..END are one range of images
  const joined = spans.length === 2 && variants.length === 2 ? [[spans[0]?.[0] ?? "", spans[1]?.at(-1) ?? ""]] : spans;
  return joined.map(([first, last = first]) => `${first}..${last === newest ? "" : last}`).join(" ");
}

const toolsTag = (image: string): string => {
  const [repository, tag] = image.split(":");
  if (repository !== "rancher/rke-tools" || tag === undefined) {
    throw new Error(`${image}: isn't rancher/rke-tools`);
  }
  return tag;
};

/** The table as its file: JSON, one line for each version. */
export function tableText(table: ReleaseTable): string {
  const section = (entries: Record<string, unknown>) =>
    Object.entries(entries).map(([key, value]) => `    ${JSON.stringify(key)}: ${spaced(value)}`);
  const sections = Object.entries(table).map(
    ([name, entries]) =>
      `  ${JSON.stringify(name)}: {\n${section(entries as Record<string, unknown>).join(",\n")}\n  }`,
  );
  return `{\n${sections.join(",\n")}\n}\n`;
}

const spaced = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map((entry) => JSON.stringify(entry)).join(", ")}]` : JSON.stringify(value);
