import type { Plain } from "./go-yaml";

/** A static pod as far as kubeadm writes one: plain data under Kubernetes' own names (k8s.io/api core/v1). */
export interface Pod {
  apiVersion: "v1";
  kind: "Pod";
  metadata: {
    annotations?: Record<string, string>;
    /** Written as null by Kubernetes before 1.34. */
    creationTimestamp?: null;
    labels: Record<string, string>;
    name: string;
    namespace: string;
  };
  spec: {
    containers: Container[];
    hostNetwork: boolean;
    priority?: number;
    priorityClassName: string;
    securityContext: PodSecurity;
    volumes: Volume[];
  };
  status: Record<string, never>;
}

export interface Container {
  command: string[];
  env?: EnvVar[];
  image: string;
  imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  livenessProbe: Probe;
  name: string;
  ports?: { containerPort: number; name: string; protocol: "TCP" }[];
  readinessProbe?: Probe;
  resources: { requests: Record<string, string> };
  securityContext?: ContainerSecurity;
  startupProbe: Probe;
  volumeMounts: VolumeMount[];
}

/** The value, or its source (`valueFrom`), which kubeadm passes on as it is. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { [key: string]: Plain | undefined };
}

export interface Probe {
  failureThreshold?: number;
  httpGet: { host?: string; path: string; port: number | string; scheme: "HTTP" | "HTTPS" };
  initialDelaySeconds?: number;
  periodSeconds: number;
  timeoutSeconds: number;
}

export interface ContainerSecurity {
  allowPrivilegeEscalation?: boolean;
  capabilities: { add?: string[]; drop: string[] };
}

export interface PodSecurity {
  runAsGroup?: number;
  runAsUser?: number;
  seccompProfile: { type: "RuntimeDefault" };
  supplementalGroups?: number[];
}

export interface Volume {
  name: string;
  hostPath: { path: string; type?: string };
}

export interface VolumeMount {
  mountPath: string;
  name: string;
  readOnly?: true;
}
