/** The few objects RKE keeps in the cluster: permissions, and its whole state as a ConfigMap or a Secret. */
import { type KubeApi, NotFound } from "../io/world";
import { savesSecret } from "../releases";
import { type FullState, stateText } from "../state";
import { ask } from "./nodes";
import { messageOf, type Run } from "./run";

interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string } & Record<string, unknown>;
  [key: string]: unknown;
}

const RBAC = "rbac.authorization.k8s.io";
const rbac = { apiVersion: `${RBAC}/v1` };
const COLLECTION: Record<string, string> = {
  ClusterRole: `/apis/${RBAC}/v1/clusterroles`,
  ClusterRoleBinding: `/apis/${RBAC}/v1/clusterrolebindings`,
  ServiceAccount: "/api/v1/namespaces/kube-system/serviceaccounts",
};

function binding(
  name: string,
  role: string,
  subject: Record<string, string>,
  metadata: Record<string, unknown> = {},
): KubeObject {
  return {
    ...rbac,
    kind: "ClusterRoleBinding",
    metadata: { name, ...metadata },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [subject],
  };
}

const JOB_DEPLOYER: KubeObject[] = [
  binding("job-deployer", "cluster-admin", {
    kind: "ServiceAccount",
    namespace: "kube-system",
    name: "rke-job-deployer",
  }),
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "rke-job-deployer", namespace: "kube-system" } },
];

const SYSTEM_NODE: KubeObject[] = [
  binding(
    "system:node",
    "system:node",
    { kind: "Group", name: "system:nodes", apiGroup: RBAC },
    {
      annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" },
      labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
    },
  ),
];

const KUBE_API: KubeObject[] = [
  {
    ...rbac,
    kind: "ClusterRole",
    metadata: { name: "proxy-clusterrole-kubeapiserver" },
    rules: [
      {
        apiGroups: [""],
        resources: ["nodes/metrics", "nodes/proxy", "nodes/stats", "nodes/log", "nodes/spec"],
        verbs: ["get", "list", "watch", "create"],
      },
    ],
  },
  binding("proxy-role-binding-kubernetes-master", "proxy-clusterrole-kubeapiserver", {
    apiGroup: RBAC,
    kind: "User",
    name: "kube-apiserver",
  }),
];

const TRIES = 5;
const PAUSE_MS = 5000;

async function createOrUpdate(run: Pick<Run, "world">, kube: KubeApi, object: KubeObject): Promise<void> {
  const collection = COLLECTION[object.kind] ?? "";
  for (let attempt = 1; ; attempt++) {
    try {
      const created = await kube.request("POST", collection, object);
      if (created.status !== 409) {
        if (created.status < 300) return;
        throw new Error(`the server responded with status ${created.status} to ${object.kind} ${object.metadata.name}`);
      }
      await ask(kube, "PUT", `${collection}/${object.metadata.name}`, object);
      return;
    } catch (error) {
      if (attempt === TRIES) throw error;
      await run.world.sleep(PAUSE_MS);
    }
  }
}

export async function applyAuthorization(run: Run): Promise<void> {
  const { world, log, cluster } = run;
  if (cluster.control.length === 0) return;
  const groups = [
    {
      what: "rke-job-deployer ServiceAccount",
      objects: JOB_DEPLOYER,
      failing: "ServiceAccount needed for job execution",
    },
    {
      what: "system:node ClusterRoleBinding",
      objects: SYSTEM_NODE,
      failing: "ClusterRoleBinding needed for node authorization",
    },
    {
      what: "kube-apiserver proxy ClusterRole and ClusterRoleBinding",
      objects: KUBE_API,
      failing: "ClusterRole and Binding needed for node kubeapi proxy",
    },
  ];
  for (const { what, objects, failing } of groups) {
    log.info(`[authz] Creating ${what}`);
    try {
      const kube = world.kube(cluster.kubeConfigPath);
      for (const object of objects) await createOrUpdate(run, kube, object);
    } catch (error) {
      throw new Error(`Failed to apply the ${failing}: ${messageOf(error)}`);
    }
    log.info(`[authz] ${what} created successfully`);
  }
}

const STATE_NAME = "full-cluster-state";
const STATE_LIMIT_MS = 30_000;

const CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps";
const SECRETS = "/api/v1/namespaces/kube-system/secrets";

/** To a Secret; a ConfigMap of an earlier release is deleted. */
async function putSecret(kube: KubeApi, text: string): Promise<void> {
  await put(kube, SECRETS, "Secret", Buffer.from(text).toString("base64"));
  try {
    await ask(kube, "DELETE", `${CONFIG_MAPS}/${STATE_NAME}`);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}

async function put(kube: KubeApi, collection: string, kind: string, text: string): Promise<void> {
  const object = {
    apiVersion: "v1",
    kind,
    metadata: { name: STATE_NAME, namespace: "kube-system" },
    data: { [STATE_NAME]: text },
  };
  try {
    const existing = await ask<{ data?: Record<string, string> }>(kube, "GET", `${collection}/${STATE_NAME}`);
    if (existing.data?.[STATE_NAME] !== text) await ask(kube, "PUT", `${collection}/${STATE_NAME}`, object);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    await ask(kube, "POST", collection, object);
  }
}

export async function saveStateToKubernetes(run: Run, state: FullState): Promise<void> {
  const { world, log, cluster } = run;
  const kube = world.kube(cluster.kubeConfigPath);
  log.info("[state] Saving full cluster state to Kubernetes");
  const end = world.now() + STATE_LIMIT_MS;
  for (;;) {
    try {
      if (savesSecret()) {
        await putSecret(kube, stateText(state));
        return;
      }
      await put(kube, CONFIG_MAPS, "ConfigMap", stateText(state));
      log.info(`[state] Successfully Saved full cluster state to Kubernetes ConfigMap: ${STATE_NAME}`);
      return;
    } catch {
      if (world.now() + PAUSE_MS > end) throw new Error("[state] Timeout waiting for kubernetes to be ready");
      await world.sleep(PAUSE_MS);
    }
  }
}
