import { readFileSync } from "node:fs";
import { readProject } from "../../declared-topology";
import type { ClusterLine } from "../../evidence/clusters-report";
import { isHash } from "../../plan/acts/failover/signing";
import { lostHosts } from "../../plan/topology/order";
import { isMapping, mapping } from "../../plan/values/mapping";
import type { FailoverConfig } from "../stacks";
import type { Cluster, Loss } from "./declared";

/** The operator's words for one datacenter and one act of each cluster, by the clusters' names in the order in which they are to run. */
export interface Words {
  lost: string;
  clusters: Map<string, FailoverConfig>;
}

const keys = ["epoch", "recover", "confirm", "attest", "endpoint"];

/**
 * Reads a file of words. Each confirmation and each attestation must be bound to the hash of its cluster's act: "a@2" alone could stand for any cluster.
 * @param losses what the loss means to each cluster
 * @throws Error with all that is wrong, a line each
 */
export function readWords(path: string, losses: (lost: string) => Loss[]): Words {
  const document = mapping(readProject(path, readFileSync(path, "utf8")));
  const { lost, clusters } = document;
  if (typeof lost !== "string" || !isMapping(clusters) || Object.keys(document).length > 2) {
    throw new Error(`${path}: must have the keys lost and clusters alone, as \`preview --write\` makes them`);
  }
  const hit = losses(lost)
    .filter(({ kind }) => kind === "hit")
    .map(({ cluster }) => cluster.name);
  const problems: string[] = [];
  const owners = new Map<string, string>();
  for (const [name, words] of Object.entries(clusters)) {
    const item = `${path}: clusters.${name}`;
    if (!hit.includes(name)) {
      problems.push(`${item}: must be a cluster that the loss of ${lost} stops (${hit.join(", ") || "there is none"})`);
      continue;
    }
    if (!isMapping(words)) {
      problems.push(`${item}: must have some of the keys ${keys.join(", ")}`);
      continue;
    }
    problems.push(
      ...Object.keys(words)
        .filter((key) => !keys.includes(key))
        .map((key) => `${item}.${key}: must be one of ${keys.join(", ")}`),
      ...wordProblems(item, lost, words),
    );
    for (const hash of hashesIn(words)) {
      const owner = owners.get(hash);
      if (owner !== undefined && owner !== name) {
        problems.push(`${item}: must have words of its own, not those of ${owner}: ${hash}`);
      }
      owners.set(hash, name);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return { lost, clusters: new Map(Object.entries(clusters) as [string, FailoverConfig][]) };
}

function wordProblems(
  item: string,
  lost: string,
  { epoch, confirm, attest, endpoint, recover }: Record<string, unknown>,
): string[] {
  if (!/^[1-9][0-9]{0,8}$/.test(String(epoch)) || Number(epoch) < 2) {
    return [`${item}.epoch: must be a whole number from 2: ${JSON.stringify(epoch ?? "nothing")}`];
  }
  const act = `${lost}@${epoch}`;
  const bound = (key: string, word: unknown, before: string): string[] => {
    const hash = typeof word === "string" && word.startsWith(`${before}:`) ? word.slice(before.length + 1) : "";
    return isHash(hash)
      ? []
      : [
          `${item}.${key}: must be "${before}:HASH", bound to the act that the cluster's preview shows: ${JSON.stringify(word)}`,
        ];
  };
  return [
    ...(confirm === undefined ? [] : bound("confirm", confirm, act)),
    ...(attest === undefined
      ? []
      : isMapping(attest)
        ? Object.entries(attest).flatMap(([by, word]) => bound(`attest.${by}`, word, `powered-off@${act}`))
        : bound("attest", attest, `powered-off@${act}`)),
    ...(endpoint === undefined || endpoint === `by-hand@${act}`
      ? []
      : [`${item}.endpoint: must be "by-hand@${act}": ${JSON.stringify(endpoint)}`]),
    ...(recover === undefined || isMapping(recover)
      ? []
      : [`${item}.recover: must have the keys from, method: ${JSON.stringify(recover)}`]),
  ];
}

/** The hashes that a cluster's words are bound to. */
const hashesIn = ({ confirm, attest }: Record<string, unknown>): string[] => [
  ...new Set(
    [confirm, ...(isMapping(attest) ? Object.values(attest) : [attest])].flatMap((word) =>
      typeof word === "string" ? word.split(":").slice(1) : [],
    ),
  ),
];

/**
 * The words that are missing after a preview, as a file that `failover --words` reads. A cluster's attestation is a comment until the operator
 * takes the mark away; a cluster that other guards stop is a comment as a whole.
 * @param epochs by cluster
 */
export function wordsText(
  lost: string,
  lines: ClusterLine[],
  clusters: Cluster[],
  epochs: Record<string, number>,
): string {
  const blocks = lines.flatMap(({ cluster: name, outcome, hash, words }) => {
    const cluster = clusters.find((c) => c.name === name);
    const act = `${lost}@${epochs[name]}`;
    if (outcome === "stopped") {
      const guards = [...new Set(words.map((stop) => stop.split(": ")[0]))];
      return [`  # ${name}: stopped by ${guards.join(", ")}`];
    }
    if (outcome === "failed") return [`  # ${name}: its preview failed`];
    if ((outcome !== "waits" && outcome !== "ready") || hash === undefined || !cluster) return [];
    const isMissing = words.some((word) => word.startsWith("attestation: "));
    const down = lostHosts(cluster.topology, lost).map((h) => `${h.name} (${h.address})`);
    const word = `powered-off@${act}:${hash}`;
    return [
      `  ${name}:`,
      `    epoch: ${epochs[name]}`,
      `    confirm: "${act}:${hash}"`,
      ...(isMissing
        ? [
            `    # Take the mark away from the next line once ${down.join(", ")} ${down.length === 1 ? "is" : "are"} down and stay${down.length === 1 ? "s" : ""} down:`,
            cluster.topology.attest.by > 1
              ? `    # attest: { NAME: "${word}", NAME: "${word}" }`
              : `    # attest: "${word}"`,
          ]
        : []),
    ];
  });
  return [
    "# The operator's words, each for one cluster's act alone. Clusters run in this order; one that is taken out doesn't run.",
    `lost: ${lost}`,
    ...(blocks.some((line) => /^ {2}\S+:$/.test(line)) ? ["clusters:"] : ["clusters: {}"]),
    ...blocks,
    "",
  ].join("\n");
}
