import type { Observation } from "../facts/observation";
import type { Host, Topology } from "../topology/topology";
import {
  imageDiskProblems,
  kubeadmCertificateProblems,
  kubeletProblems,
  manifestProblems,
  podImageProblems,
} from "./kubeadm-node";
import { type Verdict, verdict } from "./verdict";

/** Whether the kubelets of these hosts would start static pods again, if they were stopped now. */
export const podsStart = (hosts: Host[], seen: Observation): Verdict[] => [
  verdict(
    "images of static pods",
    podImageProblems(hosts, seen),
    "the sandbox's and those of each manifest are on their hosts",
  ),
  verdict("kubelet and containerd", kubeletProblems(hosts, seen), "kubelets run, with containerd's driver of cgroups"),
  verdict("manifests of static pods", manifestProblems(hosts, seen), "one for each pod of etcd and the control plane"),
];

/** The same in peace, and what would stop them later. */
export const kubeadmPreflight = (topology: Topology, hosts: Host[], seen: Observation): Verdict[] => [
  ...podsStart(hosts, seen),
  verdict("room for images", imageDiskProblems(hosts, seen), "no disk so full that a kubelet deletes images"),
  verdict(
    "certificates of kubeadm",
    kubeadmCertificateProblems(topology, hosts, seen),
    "each host has its own, and they are valid",
  ),
];
