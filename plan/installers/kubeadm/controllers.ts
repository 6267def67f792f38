import type { Pod } from "../../runtimes/static-pod/pod";
import { commandOf } from "./arguments";
import { componentPod, kubernetesImage, probeHost } from "./component-pod";
import { argumentValue, type ClusterConfiguration, type Component, joined, type KubeadmHost } from "./configuration";
import type { Rules } from "./versions";
import { controllerManagerMounts, schedulerMounts } from "./volumes";

/** kube-controller-manager's static pod on a host (phases/controlplane/manifests.go); the CA's key is taken to be on the host. */
export function controllerManagerPod(cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Pod {
  const { controllerManager } = cluster;
  return componentPod(
    {
      name: "kube-controller-manager",
      image: kubernetesImage(cluster, "kube-controller-manager"),
      command: commandOf("kube-controller-manager", controllerArguments(cluster), controllerManager.extraArgs, rules),
      env: [...cluster.proxyEnvs, ...controllerManager.extraEnvs],
      requests: { cpu: "200m" },
      probe: {
        host: boundTo(controllerManager),
        port: 10257,
        scheme: "HTTPS",
        live: "/healthz",
        ready: undefined,
        started: "/healthz",
      },
      mounts: controllerManagerMounts(cluster, host, rules),
    },
    host,
    rules,
  );
}

function controllerArguments({ certificatesDir, networking, clusterName }: ClusterConfiguration) {
  const kubeconfig = "/etc/kubernetes/controller-manager.conf";
  const file = (name: string) => joined(certificatesDir, name);
  const { podSubnet, serviceSubnet } = networking;
  return {
    "bind-address": "127.0.0.1",
    "leader-elect": "true",
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "client-ca-file": file("ca.crt"),
    "requestheader-client-ca-file": file("front-proxy-ca.crt"),
    "root-ca-file": file("ca.crt"),
    "service-account-private-key-file": file("sa.key"),
    "cluster-signing-cert-file": file("ca.crt"),
    "cluster-signing-key-file": file("ca.key"),
    "use-service-account-credentials": "true",
    controllers: "*,bootstrapsigner,tokencleaner",
    ...(podSubnet
      ? {
          "allocate-node-cidrs": "true",
          "cluster-cidr": podSubnet,
          ...(serviceSubnet === "" ? {} : { "service-cluster-ip-range": serviceSubnet }),
        }
      : {}),
    ...(clusterName === "" ? {} : { "cluster-name": clusterName }),
  };
}

/** kube-scheduler's static pod on a host. */
export function schedulerPod(cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Pod {
  const { scheduler } = cluster;
  const kubeconfig = "/etc/kubernetes/scheduler.conf";
  const own = {
    "bind-address": "127.0.0.1",
    "leader-elect": "true",
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
  };
  const paths = rules.schedulerLivez
    ? { live: "/livez", ready: "/readyz", started: "/livez" }
    : { live: "/healthz", ready: undefined, started: "/healthz" };
  return componentPod(
    {
      name: "kube-scheduler",
      image: kubernetesImage(cluster, "kube-scheduler"),
      command: commandOf("kube-scheduler", own, scheduler.extraArgs, rules),
      env: [...cluster.proxyEnvs, ...scheduler.extraEnvs],
      requests: { cpu: "100m" },
      probe: { host: boundTo(scheduler), port: 10259, scheme: "HTTPS", ...paths },
      mounts: schedulerMounts(cluster),
    },
    host,
    rules,
  );
}

/** The kubelet probes the component at the address that the component listens on. */
const boundTo = ({ extraArgs }: Component): string | undefined =>
  probeHost(argumentValue(extraArgs, "bind-address") ?? "127.0.0.1");
