import { isMapping, type Mapping, mapping } from "../../values/mapping";

/** What the living cluster still expects of hosts that are gone, each by name. */
export interface Stranded {
  /** Pods on hosts that the API doesn't know: no kubelet reports them, and nothing ends them. */
  pods: string[];
  /** StatefulSets with a volume that only hosts which are gone can reach. */
  statefulSets: string[];
  /** Webhooks that the API must ask (failurePolicy: Fail) and whose Service has no backend: each request that they are asked about is refused. */
  webhooks: string[];
}

/** Lists of the API, as it answers. */
export interface ClusterLists {
  nodes: Mapping;
  pods: Mapping[];
  persistentVolumes: Mapping;
  persistentVolumeClaims: Mapping;
  statefulSets: Mapping;
  webhooks: Mapping[];
  endpoints: Mapping;
}

const items = (list: unknown): Mapping[] => {
  const found = mapping(list).items;
  return Array.isArray(found) ? found.filter(isMapping) : [];
};
const list = (value: unknown): Mapping[] => (Array.isArray(value) ? value.filter(isMapping) : []);
const nameOf = (object: Mapping): string => {
  const { namespace, name } = mapping(object.metadata);
  return namespace === undefined ? String(name) : `${namespace}/${name}`;
};

export function strandedIn(lists: ClusterLists): Stranded {
  const nodes = items(lists.nodes);
  const known = new Set(
    nodes.flatMap((node) => {
      const { name, labels } = mapping(node.metadata);
      return [String(name), String(mapping(labels)["kubernetes.io/hostname"] ?? name)];
    }),
  );
  return {
    pods: lists.pods.flatMap(items).flatMap((pod) => {
      const { nodeName } = mapping(pod.spec);
      const over = ["Succeeded", "Failed"].includes(String(mapping(pod.status).phase));
      return typeof nodeName === "string" && !known.has(nodeName) && !over ? [`${nameOf(pod)} on ${nodeName}`] : [];
    }),
    statefulSets: statefulSetsOf(lists, known),
    webhooks: webhooksOf(lists),
  };
}

/** A volume's hosts, if its node affinity names them (local volumes); undefined if any host may reach it. */
function hostsOf(volume: Mapping): string[] | undefined {
  const required = mapping(mapping(mapping(volume.spec).nodeAffinity).required);
  const terms = list(required.nodeSelectorTerms).map((term) =>
    list(term.matchExpressions).find((e) => e.key === "kubernetes.io/hostname" && e.operator === "In"),
  );
  if (terms.length === 0 || terms.some((term) => term === undefined)) return undefined;
  return terms.flatMap((term) => (Array.isArray(term?.values) ? term.values.map(String) : []));
}

function statefulSetsOf(lists: ClusterLists, known: Set<string>): string[] {
  const gone = new Map(
    items(lists.persistentVolumes).flatMap((volume) => {
      const hosts = hostsOf(volume);
      return hosts?.every((host) => !known.has(host)) ? [[String(mapping(volume.metadata).name), hosts]] : [];
    }),
  );
  const claims = items(lists.persistentVolumeClaims).flatMap((claim) => {
    const hosts = gone.get(String(mapping(claim.spec).volumeName));
    return hosts ? [{ name: nameOf(claim), hosts }] : [];
  });
  return items(lists.statefulSets).flatMap((set) => {
    const { namespace, name } = mapping(set.metadata);
    const templates = list(mapping(set.spec).volumeClaimTemplates).map((t) => String(mapping(t.metadata).name));
    // TEMPLATE-STATEFULSET-ORDINAL (kubernetes pkg/controller/statefulset/stateful_set_utils.go getPersistentVolumeClaimName)
    const own = claims.filter((claim) =>
      templates.some((template) => {
        const start = `${namespace}/${template}-${name}-`;
        return claim.name.startsWith(start) && /^\d+$/.test(claim.name.slice(start.length));
      }),
    );
    const hosts = [...new Set(own.flatMap((claim) => claim.hosts))];
    return own.length === 0
      ? []
      : [`${nameOf(set)}: ${own.map((c) => c.name.split("/")[1]).join(", ")} on ${hosts.join(", ")}`];
  });
}

function webhooksOf(lists: ClusterLists): string[] {
  const served = new Set(
    items(lists.endpoints)
      .filter((e) => list(e.subsets).some((subset) => list(subset.addresses).length > 0))
      .map(nameOf),
  );
  return lists.webhooks.flatMap(items).flatMap((configuration) =>
    list(configuration.webhooks).flatMap((webhook) => {
      const service = mapping(webhook.clientConfig).service;
      // Fail is the default (admissionregistration.k8s.io/v1)
      if ((webhook.failurePolicy ?? "Fail") !== "Fail" || !isMapping(service)) return [];
      const of = `${service.namespace}/${service.name}`;
      return served.has(of) ? [] : [`${webhook.name} (${nameOf(configuration)}): Service ${of} has no backend`];
    }),
  );
}

/** The paths of the lists. @param hosts whose pods are wanted: those that the API may not know */
export const clusterPaths = (hosts: string[]) => ({
  nodes: "/api/v1/nodes",
  pods: hosts.map((host) => `/api/v1/pods?fieldSelector=spec.nodeName%3D${host}`),
  persistentVolumes: "/api/v1/persistentvolumes",
  persistentVolumeClaims: "/api/v1/persistentvolumeclaims",
  statefulSets: "/apis/apps/v1/statefulsets",
  webhooks: ["validating", "mutating"].map(
    (kind) => `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`,
  ),
  endpoints: "/api/v1/endpoints",
});

export function strandedMarkdown({ pods, statefulSets, webhooks }: Stranded): string[] {
  const group = (title: string, names: string[]) =>
    names.length === 0 ? [] : [`- ${names.length} ${title}:`, ...names.map((name) => `  - ${name}`)];
  const found = [
    ...group("pods on hosts that the API doesn't know", pods),
    ...group("StatefulSets whose volumes lie on hosts that are gone", statefulSets),
    ...group(
      "webhooks with failurePolicy: Fail and no backend, which refuse every request that they are asked about",
      webhooks,
    ),
  ];
  return ["## What the cluster expects of hosts that are gone", "", ...(found.length === 0 ? ["Nothing."] : found), ""];
}
