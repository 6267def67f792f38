import type { Pod } from "../../runtimes/static-pod/pod";
import { commandOf, mergedWith, understood } from "./arguments";
import { componentPod, kubernetesImage, probeHost } from "./component-pod";
import {
  type ClusterConfiguration,
  clientUrl,
  hostPort,
  joined,
  type KubeadmHost,
  lastNamed,
  loopback,
} from "./configuration";
import type { Rules } from "./versions";
import { apiServerMounts } from "./volumes";

/** kube-apiserver's static pod on a host (phases/controlplane/manifests.go). */
export function apiServerPod(cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Pod {
  const address = probeHost(host.advertiseAddress) ?? (host.advertiseAddress === "" ? "127.0.0.1" : undefined);
  return componentPod(
    {
      name: "kube-apiserver",
      image: kubernetesImage(cluster, "kube-apiserver"),
      command: commandOf("kube-apiserver", ownArguments(cluster, host, rules), cluster.apiServer.extraArgs, rules),
      env: [...cluster.proxyEnvs, ...cluster.apiServer.extraEnvs],
      requests: { cpu: "250m" },
      probe: {
        host: address,
        port: host.bindPort,
        scheme: "HTTPS",
        live: "/livez",
        ready: "/readyz",
        started: "/livez",
      },
      mounts: apiServerMounts(cluster, host, rules),
      annotations: {
        "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": hostPort(
          host.advertiseAddress,
          host.bindPort,
        ),
      },
    },
    host,
    rules,
  );
}

function ownArguments(cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Record<string, string> {
  const file = (name: string) => joined(cluster.certificatesDir, name);
  const isConfigured = cluster.apiServer.extraArgs.some((a) => a.name === "authorization-config");
  return {
    "advertise-address": host.advertiseAddress,
    "enable-admission-plugins": "NodeRestriction",
    "service-cluster-ip-range": cluster.networking.serviceSubnet,
    "service-account-key-file": file("sa.pub"),
    "service-account-signing-key-file": file("sa.key"),
    "service-account-issuer": `https://kubernetes.default.svc.${cluster.networking.dnsDomain}`,
    "client-ca-file": file("ca.crt"),
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "kubelet-client-certificate": file("apiserver-kubelet-client.crt"),
    "kubelet-client-key": file("apiserver-kubelet-client.key"),
    "enable-bootstrap-token-auth": "true",
    "secure-port": String(host.bindPort),
    "allow-privileged": "true",
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-client-ca-file": file("front-proxy-ca.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "proxy-client-cert-file": file("front-proxy-client.crt"),
    "proxy-client-key-file": file("front-proxy-client.key"),
    ...etcdArguments(cluster, host, rules),
    ...(isConfigured && rules.structuredAuthorization ? {} : { "authorization-mode": "Node,RBAC" }),
  };
}

/** Each API server asks the etcd of its own host, so it needs no change when a member goes or comes; an external etcd is listed. */
function etcdArguments(
  { etcd, certificatesDir }: ClusterConfiguration,
  host: KubeadmHost,
  rules: Rules,
): Record<string, string> {
  if (etcd.external) {
    const { endpoints, caFile, certFile, keyFile } = etcd.external;
    return {
      "etcd-servers": endpoints.join(","),
      ...(caFile === "" ? {} : { "etcd-cafile": caFile }),
      ...(certFile === "" || keyFile === "" ? {} : { "etcd-certfile": certFile, "etcd-keyfile": keyFile }),
    };
  }
  const file = (name: string) => joined(certificatesDir, name);
  const servers = { name: "etcd-servers", value: clientUrl(loopback(host)) };
  // the API server of every host uses the client URL that its etcd advertises
  const advertised = lastNamed(understood(etcd.local.extraArgs, rules), "advertise-client-urls");
  return {
    "etcd-servers": advertised === undefined ? servers.value : mergedWith(servers, advertised).value,
    "etcd-cafile": file("etcd/ca.crt"),
    "etcd-certfile": file("apiserver-etcd-client.crt"),
    "etcd-keyfile": file("apiserver-etcd-client.key"),
  };
}
