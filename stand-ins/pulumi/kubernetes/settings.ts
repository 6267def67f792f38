import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Checked, Diff, DiffRequest, Failure } from "../serve/provider.js";
import { equal, reveal, UNKNOWN, type Value, type ValueMap } from "../serve/wire.js";

/** The provider's own configuration, as far as this stand-in knows it. */
export interface Settings {
  kubeconfig: string | undefined;
  context: string | undefined;
  namespace: string | undefined;
  deleteUnreachable: boolean;
  skipUpdateUnreachable: boolean;
  enableConfigMapMutable: boolean;
  enablePatchForce: boolean;
}

const SERVED = new Set([
  "kubeconfig",
  "context",
  "namespace",
  "clusterIdentifier",
  "deleteUnreachable",
  "skipUpdateUnreachable",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableServerSideApply",
  // They only concern kinds and messages that this stand-in doesn't have.
  "enableSecretMutable",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
]);

export function checkSettings(inputs: ValueMap): Checked {
  const failures: Failure[] = [];
  for (const key of Object.keys(inputs)) {
    if (SERVED.has(key) || key === "version" || key.startsWith("__") || inputs[key] === null) continue;
    failures.push({ property: key, reason: "not implemented by this stand-in" });
  }
  if (reveal(inputs.enableServerSideApply) !== undefined && !isTrue(inputs.enableServerSideApply)) {
    failures.push({ property: "enableServerSideApply", reason: "this stand-in knows server-side apply only" });
  }
  return { inputs, failures };
}

export function settingsOf(args: ValueMap): Settings {
  const text = (key: string) => {
    const value = reveal(args[key]);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const flag = (key: string, variable: string) =>
    args[key] === undefined ? process.env[variable] === "true" : isTrue(args[key]);
  return {
    kubeconfig: text("kubeconfig"),
    context: text("context"),
    namespace: text("namespace"),
    deleteUnreachable: flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    skipUpdateUnreachable: flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    enableConfigMapMutable: flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
    enablePatchForce: flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
  };
}

/** The SDK sends booleans as JSON text. */
function isTrue(value: Value | undefined): boolean {
  const plain = reveal(value);
  return plain === true || plain === "true";
}

/**
 * A cluster has no identity of its own: without `clusterIdentifier` another server in the kubeconfig means another
 * cluster, and everything in it is replaced; with it, only another identifier means that.
 */
export function diffSettings({ olds, news }: DiffRequest): Diff {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = keys.filter((key) => !equal(reveal(olds[key]), reveal(news[key])));
  if (diffs.length === 0) return { changed: false };
  const [before, after] = [reveal(olds.clusterIdentifier), reveal(news.clusterIdentifier)];
  if (after !== undefined && after === before) return { changed: true, diffs, replaces: [] };
  const replaces = before !== undefined && after !== undefined ? ["clusterIdentifier"] : [];
  for (const key of ["kubeconfig", "context", "cluster"]) {
    if (news[key] === UNKNOWN) return { changed: true, diffs: [key], replaces: [...replaces, key] };
  }
  const [oldCluster, newCluster] = [activeCluster(olds), activeCluster(news)];
  if (oldCluster !== undefined && newCluster !== undefined && !equal(oldCluster, newCluster)) {
    replaces.push(...["kubeconfig", "context", "cluster"].filter((key) => diffs.includes(key)));
  }
  return { changed: true, diffs, replaces };
}

/** A kubeconfig is given as its text or as the path of a file. */
export function kubeconfigText(kubeconfig: string): string {
  return existsSync(kubeconfig) ? readFileSync(kubeconfig, "utf8") : kubeconfig;
}

interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context: { cluster: string } }[];
  clusters?: { name: string; cluster: Value }[];
}

function activeCluster(inputs: ValueMap): Value | undefined {
  const kubeconfig = reveal(inputs.kubeconfig);
  if (typeof kubeconfig !== "string") return undefined;
  const config = parse(kubeconfigText(kubeconfig)) as Kubeconfig | null;
  const wanted = reveal(inputs.context) ?? config?.["current-context"];
  const context = config?.contexts?.find(({ name }) => name === wanted);
  return config?.clusters?.find(({ name }) => name === context?.context.cluster)?.cluster;
}
