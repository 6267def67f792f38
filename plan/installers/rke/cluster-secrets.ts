import { isMapping } from "../../values/mapping";

/** The placeholder of a secret of cluster.yml in Pulumi.yaml and in every rendering: `<secret private_registries[0].password>`. */
export const placeholderOf = (item: string): string => `<secret ${item.replace(/[^\w.[\]/-]/g, "_")}>`;

const placeholder = /^<secret [\w.[\]/-]+>$/;

/** The placeholders in a part of a topology, each once. */
export function placeholdersIn(value: unknown): string[] {
  if (typeof value === "string") {
    return placeholder.test(value) ? [value] : [];
  }
  const inner = Array.isArray(value) ? value : isMapping(value) ? Object.values(value) : [];
  return [...new Set(inner.flatMap(placeholdersIn))];
}

/**
 * Reads `rke-dr:clusterSecrets`: JSON, a text for each placeholder.
 * @param wanted the topology's placeholders
 * @throws Error that lists all problems and shows no secret
 */
export function parseClusterSecrets(text: string | undefined, wanted: string[]): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "{}");
  } catch {
    throw new Error("rke-dr:clusterSecrets: is not JSON: not shown, it is a secret");
  }
  const given = isMapping(value) ? value : {};
  const missing = wanted.filter((key) => typeof given[key] !== "string" || given[key] === "");
  if (missing.length > 0) {
    throw new Error(
      `rke-dr:clusterSecrets: lacks ${missing.join(", ")} of topology.rke: \`npm run import -- cluster.yml ... --secrets-into primary\` puts them there`,
    );
  }
  return Object.fromEntries(wanted.map((key) => [key, String(given[key])]));
}

/** The file cluster-secrets of a deploy host: a line for each placeholder, with the secret as JSON, which is YAML as well. */
export const clusterSecretsText = (secrets: Record<string, string>): string =>
  Object.entries(secrets)
    .map(([key, secret]) => `${key}\t${JSON.stringify(secret)}\n`)
    .join("");

/** cluster.yml as `rke` reads it; on-host/cluster-secrets.sh does the same with a failover's. */
export const withSecrets = (clusterYml: string, secrets: Record<string, string>): string =>
  Object.entries(secrets).reduce(
    (text, [key, secret]) =>
      text.replaceAll(`"${key}"`, () => JSON.stringify(secret)).replaceAll(key, () => JSON.stringify(secret)),
    clusterYml,
  );
