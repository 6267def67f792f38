/** The namespace in which the drill works. */
export const namespace = "drill";

/** Stands for CoreDNS, CNI and what else of the system watches the API: the drill's cluster has none of RKE's own. */
export const addon = "addon";

const replicas = { deployment: 6, statefulSet: 4 };
export const podCount = replicas.deployment + replicas.statefulSet;

/** The pods' image, and the label of Nodes by whose values they are spread over the datacenters. */
export interface Workload {
  image: string;
  spreadBy: string;
}

/** Pods of both kinds. */
function podTemplate(app: string, { image, spreadBy }: Workload): object {
  return {
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 1,
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: spreadBy,
          // a datacenter that is gone must not keep its share of the pods waiting
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: { app } },
        },
      ],
      containers: [{ name: "app", image }],
    },
  };
}

/** A Deployment and a StatefulSet, as JSON for `kubectl apply -f -`. */
export function manifests(workload: Workload): string {
  const spec = (app: string, count: number) => ({
    replicas: count,
    selector: { matchLabels: { app } },
    template: podTemplate(app, workload),
  });
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web", namespace },
        spec: spec("web", replicas.deployment),
      },
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "db", namespace },
        spec: { ...spec("db", replicas.statefulSet), serviceName: "db", podManagementPolicy: "Parallel" },
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: addon, namespace: "kube-system" },
        spec: spec(addon, 1),
      },
    ],
  });
}

interface PodList {
  items: {
    metadata: { name: string; deletionTimestamp?: string };
    spec: { nodeName?: string };
    status: { phase: string; conditions?: { type: string; status: string }[] };
  }[];
}

/** Ready pods by node, of those that aren't being deleted, from `kubectl get pods -o json`. */
export function readyPods(json: string): { name: string; node: string }[] {
  return (JSON.parse(json) as PodList).items
    .filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined &&
        pod.status.phase === "Running" &&
        pod.status.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
    )
    .map((pod) => ({ name: pod.metadata.name, node: pod.spec.nodeName ?? "" }));
}
