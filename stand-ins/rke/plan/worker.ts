import { imagesOf } from "../defaults";
import type { Host } from "../hosts";
import { serviceOptions } from "../releases";
import type { RkeConfig } from "../rke-config";
import { serviceCommand } from "./control";
import {
  certPath,
  configPath,
  extraOf,
  KUBERNETES_BIND,
  labelled,
  localHealth,
  mergeArguments,
  ownBinds,
  type Process,
  SIDEKICK,
  unique,
} from "./process";

const CONTROL_TAINT = "node-role.kubernetes.io/controlplane=true:NoSchedule";

function kubeletBinds(dockerRoot: string): string[] {
  return [
    KUBERNETES_BIND,
    "/etc/cni:/etc/cni:rw,z",
    "/opt/cni:/opt/cni:rw,z",
    "/var/lib/cni:/var/lib/cni:z",
    "/var/lib/calico:/var/lib/calico:z",
    "/etc/resolv.conf:/etc/resolv.conf",
    "/sys:/sys:rprivate",
    `${dockerRoot}:${dockerRoot}:rw,rslave,z`,
    "/var/lib/kubelet:/var/lib/kubelet:shared,z",
    "/var/lib/rancher:/var/lib/rancher:shared,z",
    "/var/run:/var/run:rw,rprivate",
    "/run:/run:rprivate",
    "/etc/ceph:/etc/ceph",
    "/dev:/host/dev:rprivate",
    "/var/log/containers:/var/log/containers:z",
    "/var/log/pods:/var/log/pods:z",
    "/usr:/host/usr:ro",
    "/etc:/host/etc:ro",
  ];
}

export function kubeletProcess(config: RkeConfig, host: Host): Process {
  const service = config.services.kubelet;
  const extra = extraOf(service);
  const own: Record<string, string> = {
    "client-ca-file": certPath("kube-ca"),
    "cloud-provider": "",
    "cluster-dns": service.clusterDnsServer,
    "cluster-domain": service.clusterDomain,
    "fail-swap-on": String(service.failSwapOn ?? false),
    "hostname-override": host.name,
    kubeconfig: configPath("kube-node"),
    "pod-infra-container-image": service.infraContainerImage,
    "root-dir": "/var/lib/kubelet",
  };
  if (host.isControl && !host.isWorker) own["register-with-taints"] = CONTROL_TAINT;
  if (host.address !== host.internalAddress) own["node-ip"] = host.internalAddress;
  return {
    name: "kubelet",
    command: serviceCommand(
      "kubelet",
      mergeArguments(own, serviceOptions(config.kubernetesVersion, "kubelet"), {}, extra.args),
    ),
    volumesFrom: [SIDEKICK],
    binds: unique([...ownBinds(config, kubeletBinds(host.info.DockerRootDir)), ...extra.binds]),
    env: unique(extra.env),
    networkMode: "host",
    restartPolicy: "always",
    image: imagesOf(config).hyperkube,
    pidMode: "host",
    privileged: true,
    healthCheck: localHealth("http", 10248),
    labels: labelled("kubelet"),
  };
}

export function kubeProxyProcess(config: RkeConfig, host: Host): Process {
  const extra = extraOf(config.services.kubeproxy);
  const own = {
    "cluster-cidr": config.services.kubeController.clusterCidr,
    "hostname-override": host.name,
    kubeconfig: configPath("kube-proxy"),
  };
  return {
    name: "kube-proxy",
    command: serviceCommand(
      "kube-proxy",
      mergeArguments(own, serviceOptions(config.kubernetesVersion, "kubeproxy"), {}, extra.args),
    ),
    volumesFrom: [SIDEKICK],
    binds: unique([
      ...ownBinds(config, [KUBERNETES_BIND, "/run:/run", "/lib/modules:/lib/modules:ro"]),
      ...extra.binds,
    ]),
    env: unique(extra.env),
    networkMode: "host",
    restartPolicy: "always",
    pidMode: "host",
    privileged: true,
    image: imagesOf(config).hyperkube,
    healthCheck: localHealth("http", 10256),
    labels: labelled("kube-proxy"),
  };
}

/** Its environment is in its arguments too, so that a change of control plane hosts replaces the container. */
export function nginxProxyProcess(config: RkeConfig, controlHosts: Host[]): Process {
  const env = [`CP_HOSTS=${controlHosts.map((host) => host.internalAddress).join(",")}`];
  return {
    name: "nginx-proxy",
    command: ["nginx-proxy"],
    args: env,
    env,
    binds: [],
    networkMode: "host",
    restartPolicy: "always",
    image: imagesOf(config).tools,
    healthCheck: {},
    labels: labelled("nginx-proxy"),
  };
}

/** Created, never started: it lends its volume /opt/rke-tools to the others. */
export function sidekickProcess(config: RkeConfig): Process {
  return {
    name: SIDEKICK,
    command: ["/bin/bash"],
    env: [],
    binds: [],
    networkMode: "none",
    image: imagesOf(config).tools,
    healthCheck: {},
    labels: labelled(SIDEKICK),
  };
}
