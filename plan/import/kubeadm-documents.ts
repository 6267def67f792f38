import { readJson } from "../values/go-json";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import { parseYaml, type YamlNode } from "../values/yaml-node";
import { decoded } from "./kubeadm-json";
import { type Kind, versions } from "./kubeadm-types";
import type { Findings } from "./reading";

export interface KubeadmFile {
  path: string;
  text: string;
}

/** One YAML document, with its place as errors name it. */
export interface Document {
  item: string;
  body: Mapping;
}

/** The documents that an import reads, by kind; several of a kind are usual. */
export interface Documents {
  clusters: Document[];
  inits: Document[];
  joins: Document[];
  nodes: Document[];
}

/** Kinds that often stand in the same files and don't concern the topology. */
const ignored = ["KubeletConfiguration", "KubeProxyConfiguration", "ResetConfiguration", "UpgradeConfiguration"];

/** Sorts the documents of all files by kind; a document that can't be read is an error that names file and kind. */
export function documentsOf(files: KubeadmFile[], found: Findings): Documents {
  const documents: Documents = { clusters: [], inits: [], joins: [], nodes: [] };
  for (const { item, body } of files.flatMap((file) => read(file, found))) {
    sort(documents, item, body, found);
  }
  return documents;
}

function read({ path, text }: KubeadmFile, found: Findings): Document[] {
  const line = text.split("\n").findIndex((words) => /^---(?!\s*(#.*)?$)/.test(words)) + 1;
  if (line > 0) {
    found.errors.push(
      `${path}: a line that begins with --- has something else on it (line ${line}), kubeadm refuses it as well`,
    );
    return [];
  }
  return split(text).flatMap((part) => {
    try {
      const { first } = parseYaml(part);
      const body = first && readJson(first);
      if (body === null || body === undefined) {
        return [];
      }
      if (!isMapping(body)) {
        throw new Error(`is not a mapping: ${JSON.stringify(body)}`);
      }
      const item = `${path}: ${String(body.kind)}`;
      found.notes.push(...repeated(first as YamlNode, item));
      return [{ item, body }];
    } catch (error) {
      found.errors.push(`${path}: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  });
}

/** A note for each key that stands twice in one mapping. */
function repeated(node: YamlNode, item: string): string[] {
  if (node.kind === "sequence") {
    return node.items.flatMap((inner, i) => repeated(inner, `${item}[${i}]`));
  }
  if (node.kind !== "mapping") {
    return [];
  }
  const keys = node.pairs.map(([key]) => (key.kind === "scalar" ? key.text : ""));
  return node.pairs.flatMap(([key, value], i) => {
    const name = keys[i] ?? "";
    const lines = node.pairs.flatMap(([other], j) => (keys[j] === name ? [other.line] : []));
    const isFirstOfSeveral = lines.length > 1 && keys.indexOf(name) === i && key.kind === "scalar";
    return [
      ...(isFirstOfSeveral
        ? [
            `${item}.${name}: stands ${lines.length} times (lines ${lines.join(", ")}); kubeadm takes the last, and so does this import: leave one of them`,
          ]
        : []),
      ...repeated(value, `${item}.${name}`),
    ];
  });
}

/**
 * The documents of a file as k8s.io/apimachinery's YAMLReader parts them: at lines that begin with ---. Each has the lines before
 * it as empty ones, so that a line's number is the file's.
 */
function split(text: string): string[] {
  const lines = text.split("\n");
  const starts = [0, ...lines.flatMap((line, i) => (/^---\s*(#.*)?$/.test(line) ? [i + 1] : []))];
  return starts.map((start, i) => {
    const end = starts[i + 1];
    return `${"\n".repeat(start)}${lines.slice(start, end === undefined ? undefined : end - 1).join("\n")}\n`;
  });
}

function sort(documents: Documents, item: string, body: Mapping, found: Findings): void {
  const { kind, apiVersion } = body;
  if (kind === "List" && Array.isArray(body.items)) {
    for (const entry of body.items.filter(isMapping)) {
      sort(documents, `${item}: ${String(entry.kind)}`, entry, found);
    }
    return;
  }
  if (kind === "Node" && apiVersion === "v1") {
    documents.nodes.push({ item, body });
    return;
  }
  if (kind === "ConfigMap" && mapping(body.metadata).name === "kubeadm-config") {
    const text = mapping(body.data).ClusterConfiguration;
    for (const inner of read({ path: `${item} kubeadm-config`, text: String(text ?? "") }, found)) {
      sort(documents, inner.item, inner.body, found);
    }
    return;
  }
  const places: Record<Kind, Document[]> = {
    ClusterConfiguration: documents.clusters,
    InitConfiguration: documents.inits,
    JoinConfiguration: documents.joins,
  };
  const own = Object.keys(places).find((name): name is Kind => name === kind);
  if (own && versions.includes(String(apiVersion))) {
    places[own].push({ item, body: decoded(own, item, body, found) });
  } else if (own) {
    found.errors.push(
      `${item}: is of a version that isn't read (${versions.join(", ")}): ${JSON.stringify(apiVersion)}`,
    );
  } else if (/^(?!kubeadm\.k8s\.io\/)[^/]+\//.test(String(apiVersion)) && !ignored.includes(String(kind))) {
    found.notes.push(`${item}: left out, kubeadm passes over documents of ${String(apiVersion)}`);
  } else if (!ignored.includes(String(kind))) {
    found.errors.push(
      `${item}: is neither of kubeadm's configuration, nor the ConfigMap kubeadm-config, nor a Node: ${JSON.stringify(kind ?? "nothing")}`,
    );
  }
}
