import type { Container, EnvVar, Pod, Probe, Volume, VolumeMount } from "../../runtimes/static-pod/pod";
import { isMapping } from "../../values/mapping";
import type { ClusterConfiguration, KubeadmHost } from "./configuration";
import type { Rules } from "./versions";
import type { Mounts } from "./volumes";

/** The address and paths that the kubelet probes to see if a component lives, is ready and has started. */
export interface ProbeTarget {
  /** undefined: the kubelet takes the pod's own address. */
  host: string | undefined;
  port: number;
  scheme: "HTTP" | "HTTPS";
  live: string;
  /** undefined: kubeadm asks for no readiness. */
  ready: string | undefined;
  started: string;
}

export interface ComponentSettings {
  name: "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";
  image: string;
  command: string[];
  /** In order of their strength: a later one of the same name wins. */
  env: EnvVar[];
  requests: Record<string, string>;
  probe: ProbeTarget;
  mounts: Mounts;
  annotations?: Record<string, string>;
}

/** A component's pod before RootlessControlPlane (util/staticpod/utils.go ComponentPod, phases/controlplane/manifests.go). */
export function componentPod(settings: ComponentSettings, host: KubeadmHost, rules: Rules): Pod {
  const { name, annotations } = settings;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(annotations ? { annotations } : {}),
      ...(rules.omitsCreationTimestamp ? {} : { creationTimestamp: null }),
      labels: { component: name, tier: "control-plane" },
      name,
      namespace: "kube-system",
    },
    spec: {
      containers: [container(settings, host, rules)],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: "system-node-critical",
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      volumes: settings.mounts.map(volume).sort(byName),
    },
    status: {},
  };
}

function container(settings: ComponentSettings, host: KubeadmHost, rules: Rules): Container {
  const { name, image, command, requests, probe, mounts } = settings;
  const env = merged(settings.env);
  const of = (path: string, numbers: Omit<Probe, "httpGet" | "timeoutSeconds">): Probe => ({
    ...numbers,
    httpGet: {
      ...(probe.host === undefined ? {} : { host: probe.host }),
      path,
      port: rules.namedProbePorts ? "probe-port" : probe.port,
      scheme: probe.scheme,
    },
    timeoutSeconds: 15,
  });
  const volumeMounts = mounts.map(volumeMount);
  return {
    command,
    ...(env.length > 0 ? { env } : {}),
    image,
    imagePullPolicy: "IfNotPresent",
    livenessProbe: of(probe.live, { failureThreshold: 8, initialDelaySeconds: 10, periodSeconds: 10 }),
    name,
    ...(rules.namedProbePorts
      ? { ports: [{ containerPort: probe.port, name: "probe-port", protocol: "TCP" as const }] }
      : {}),
    ...(probe.ready === undefined
      ? {}
      : { readinessProbe: of(probe.ready, { failureThreshold: 3, periodSeconds: 1 }) }),
    resources: { requests },
    startupProbe: of(probe.started, {
      // Go leaves out a number that is 0
      ...(host.startupSeconds > 0 ? { failureThreshold: Math.ceil(host.startupSeconds / 10) } : {}),
      initialDelaySeconds: 10,
      periodSeconds: 10,
    }),
    // etcd's stand in the order of the source, the others' are sorted
    volumeMounts: name === "etcd" ? volumeMounts : volumeMounts.sort(byName),
  };
}

/** util/env.go MergeKubeadmEnvVars. */
function merged(envs: EnvVar[]): EnvVar[] {
  const last = new Map(envs.map((env) => [env.name, env]));
  return [...last.values()].sort(byName).map(({ name, value, valueFrom }) => ({
    name,
    ...(value === undefined || value === "" ? {} : { value }),
    ...(valueFrom === undefined ? {} : { valueFrom: withDefaults(valueFrom) }),
  }));
}

/** Kubernetes fills in two defaults of a pod's before kubeadm writes it (apis/core/v1/defaults.go; a quantity that isn't set is 0; recorded). */
const withDefaults = (from: NonNullable<EnvVar["valueFrom"]>): EnvVar["valueFrom"] => ({
  ...from,
  ...(isMapping(from.fieldRef) ? { fieldRef: { apiVersion: "v1", ...from.fieldRef } } : {}),
  ...(isMapping(from.resourceFieldRef) ? { resourceFieldRef: { divisor: "0", ...from.resourceFieldRef } } : {}),
});

const volume = ({ name, hostPath, type }: Mounts[number]): Volume => ({ name, hostPath: { path: hostPath, type } });
const volumeMount = ({ name, mountPath, readOnly }: Mounts[number]): VolumeMount => ({
  mountPath,
  name,
  ...(readOnly ? { readOnly } : {}),
});

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The image of a part of Kubernetes itself (images/images.go GetKubernetesImage). */
export const kubernetesImage = (cluster: ClusterConfiguration, name: string): string =>
  `${cluster.imageRepository}/${name}:${cluster.kubernetesVersion.replaceAll(/[^-\w.]/g, "_")}`;

/** An address that stands for all of a host's can't be asked: the kubelet then takes the pod's. */
export const probeHost = (address: string): string | undefined =>
  address === "0.0.0.0" || address === "::" || address === "" ? undefined : address;
