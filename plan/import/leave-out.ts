import { placeholderOf } from "../installers/rke/cluster-secrets";
import { type Mapping, mapping } from "../values/mapping";
import type { Path } from "./findings";
import { itemAt } from "./items";
import type { Findings } from "./reading";
import { clusterYmlShape } from "./rke-types";
import { withoutSecrets } from "./secrets";

/** Processes that this program renders and creates: an argument that it may not know would be missing there. */
const rendered = ["etcd", "kube-api"];

/**
 * cluster.yml without its secrets, with the place of each.
 * @param kept receives them by their placeholders, which take their places; undefined: they are left out
 */
export function takeSecrets(document: Mapping, found: Findings, kept: Record<string, string> | undefined): Mapping {
  const { value, secrets } = withoutSecrets(document, clusterYmlShape, (path) =>
    kept ? placeholderOf(itemAt(path, [])) : undefined,
  );
  for (const { path, text } of secrets) {
    const item = itemAt(path, []);
    const [first, service, key] = path.map(String);
    if (first === "services" && rendered.includes(service ?? "") && /^extra_(args|env)/.test(key ?? "")) {
      found.errors.push(
        `${item}: looks like a secret by its name or form, and Pulumi.yaml and Docker show it: give it to the process by a file on the hosts: ${nameIn(path, text)}`,
      );
    } else if (kept) {
      kept[placeholderOf(item)] = text;
    } else if (path.includes("webhook")) {
      found.errors.push(
        `${item}: may hold a token, Pulumi.yaml is clear text, and without it \`rke up\` would deploy its own file, by which nobody logs in: --secrets-into STACK keeps it in the stack's config, encrypted`,
      );
    } else if (path.includes("custom_config")) {
      found.errors.push(
        `${item}: is a secret, Pulumi.yaml is clear text, and without it \`rke up\` would deploy an EncryptionConfiguration that can't read Secrets: --secrets-into STACK keeps it in the stack's config, encrypted`,
      );
    } else {
      found.notes.push(
        `rke.${item}: LEFT OUT, it is a secret and Pulumi.yaml is clear text; RKE would miss it: import with --secrets-into STACK, which keeps it in the stack's config, encrypted`,
      );
    }
  }
  if (kept && Object.keys(kept).length > 0) {
    found.notes.push(
      `rke: ${Object.keys(kept).join(", ")} stand for secrets, which are in the stack's rke-dr:clusterSecrets, encrypted; \`pulumi up --stack primary\` puts them into cluster.yml on the deploy hosts`,
    );
  }
  return mapping(value);
}

/** The name before "=" of a variable, else the key. */
const nameIn = (path: Path, text: string): string =>
  /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(text)?.[1] ?? String(path.filter((key) => typeof key === "string").at(-1));
