import { type Step, step, stepNames } from "../../steps/steps";
import type { Host } from "../../topology/topology";
import type { Returning } from "../installer";

/**
 * The returned hosts' Nodes, as they were when the failover deleted them. It comes before their kubelets can register: kubeadm gives a control plane
 * Node its label and taint only once, when the host joins (phases/markcontrolplane).
 */
export const welcome = ({ deployHost, server, returned, epoch, before }: Returning): Step[] => [
  step("nodes-back", deployHost, "Cleanup", {
    arguments: [
      server,
      String(epoch),
      ...returned.map((h) => `${h.roles.includes("controlplane") ? "control-plane" : "worker"}=${h.name}`),
    ],
    after: stepNames(before),
    words: `give the Nodes ${returned.map((h) => h.name).join(", ")} back, with the labels and taints that they had`,
  }),
];

/** The manifests that kubeadm wrote, back in the kubelet's folder. */
export const controlPlaneBack = (host: Host, before: Step[]): Step[] => [
  step("control-plane-back", host, "KubeApiServer", {
    after: stepNames(before),
    words: "kube-controller-manager and kube-scheduler run again, by the manifests that kubeadm wrote",
  }),
];

/** phases/markcontrolplane/markcontrolplane.go; kubeadm labels no Node with a zone, and a worker with no role. */
export const nodeLabels = (host: Host): { zone: undefined; roles: string[] } => ({
  zone: undefined,
  roles: host.roles.includes("controlplane") ? ["control-plane"] : [],
});
