import { parseAllDocuments } from "yaml";
import { isMapping, type Mapping, mapping } from "../values/mapping";
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

/** Versions of kubeadm's configuration that are read: from Kubernetes 1.22 on. */
const versions = ["kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta4", "kubeadm.k8s.io/v1"];

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
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const [error] = document.errors;
    if (error) {
      found.errors.push(`${path}: is not YAML: ${error.message}`);
      return [];
    }
    const body: unknown = document.toJS();
    if (body === null || body === undefined) {
      return [];
    }
    if (!isMapping(body)) {
      found.errors.push(`${path}: is not a mapping: ${JSON.stringify(body)}`);
      return [];
    }
    return [{ item: `${path}: ${String(body.kind)}`, body }];
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
  const places: Record<string, Document[]> = {
    ClusterConfiguration: documents.clusters,
    InitConfiguration: documents.inits,
    JoinConfiguration: documents.joins,
  };
  const place = places[String(kind)];
  if (place && versions.includes(String(apiVersion))) {
    place.push({ item, body });
  } else if (place) {
    found.errors.push(
      `${item}: is of a version that isn't read (${versions.join(", ")}): ${JSON.stringify(apiVersion)}`,
    );
  } else if (!ignored.includes(String(kind))) {
    found.errors.push(
      `${item}: is neither of kubeadm's configuration, nor the ConfigMap kubeadm-config, nor a Node: ${JSON.stringify(kind ?? "nothing")}`,
    );
  }
}
