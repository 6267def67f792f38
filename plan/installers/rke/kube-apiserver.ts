import { clientUrl } from "../../etcd/urls";
import { mergeArguments, type Process } from "../../runtimes/process";
import { clusterOrder, controlPlane, voters } from "../../topology/order";
import { deployHost, type Host, type Topology } from "../../topology/topology";
import { imagesOf } from "./images";

const ssl = "/etc/kubernetes/ssl";

/** `--etcd-servers` as RKE writes it: the host's own etcd first, then the others in cluster.yml's order. */
export function etcdServers(hosts: Host[], host: Host): string {
  const members = voters(hosts);
  return [...members.filter((m) => m.name === host.name), ...members.filter((m) => m.name !== host.name)]
    .map(clientUrl)
    .join(",");
}

/**
 * The kube-apiserver container that RKE v1.2.7 starts on a control plane host (golden rke-plan; RKE's cluster/plan.go
 * BuildKubeAPIProcess).
 *
 * @param hosts the hosts of cluster.yml, in its order
 * @param auditChecksum checksum of the audit policy that RKE deployed; the default policy's unless the host says otherwise
 */
export function kubeApiServerProcess(
  topology: Topology,
  hosts: Host[],
  host: Host,
  auditChecksum = "856f426399fb14a50b78e721d15c168c",
): Process {
  const args: Record<string, string> = {
    "advertise-address": host.internalAddress,
    "allow-privileged": "true",
    "anonymous-auth": "false",
    "api-audiences": "unknown",
    "audit-log-format": "json",
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "10",
    "audit-log-maxsize": "100",
    "audit-log-path": "/var/log/kube-audit/audit-log.json",
    "audit-policy-file": "/etc/kubernetes/audit-policy.yaml",
    "authorization-mode": "Node,RBAC",
    "bind-address": "0.0.0.0",
    "client-ca-file": `${ssl}/kube-ca.pem`,
    "cloud-provider": "",
    "enable-admission-plugins": admissionPlugins.join(","),
    "etcd-cafile": `${ssl}/kube-ca.pem`,
    "etcd-certfile": `${ssl}/kube-node.pem`,
    "etcd-keyfile": `${ssl}/kube-node-key.pem`,
    "etcd-prefix": "/registry",
    "etcd-servers": etcdServers(hosts, host),
    "feature-gates": "ServiceAccountIssuerDiscovery=false",
    "insecure-port": "0",
    "kubelet-client-certificate": `${ssl}/kube-apiserver.pem`,
    "kubelet-client-key": `${ssl}/kube-apiserver-key.pem`,
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    profiling: "false",
    "proxy-client-cert-file": `${ssl}/kube-apiserver-proxy-client.pem`,
    "proxy-client-key-file": `${ssl}/kube-apiserver-proxy-client-key.pem`,
    "requestheader-allowed-names": "kube-apiserver-proxy-client",
    "requestheader-client-ca-file": `${ssl}/kube-apiserver-requestheader-ca.pem`,
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "runtime-config": "authorization.k8s.io/v1beta1=true",
    "secure-port": "6443",
    "service-account-issuer": "rke",
    "service-account-key-file": `${ssl}/kube-service-account-token-key.pem`,
    "service-account-lookup": "true",
    "service-account-signing-key-file": `${ssl}/kube-service-account-token-key.pem`,
    "service-cluster-ip-range": topology.serviceCidr,
    "service-node-port-range": "30000-32767",
    "storage-backend": "etcd3",
    "tls-cert-file": `${ssl}/kube-apiserver.pem`,
    "tls-cipher-suites": cipherSuites.join(","),
    "tls-private-key-file": `${ssl}/kube-apiserver-key.pem`,
  };
  return {
    name: "kube-apiserver",
    image: imagesOf(topology).hyperkube,
    entrypoint: ["/opt/rke-tools/entrypoint.sh", "kube-apiserver", ...mergeArguments(args, topology.kubeApi.extraArgs)],
    cmd: [],
    env: [`RKE_AUDITLOG_CONFIG_CHECKSUM=${auditChecksum}`],
    binds: ["/etc/kubernetes:/etc/kubernetes:z", "/var/log/kube-audit:/var/log/kube-audit:z"],
    volumesFrom: ["service-sidekick"],
    labels: { "io.rancher.rke.container.name": "kube-apiserver" },
  };
}

/** The kube-apiserver of a deploy host's own side. */
export function ownServer(topology: Topology, datacenter: string): string {
  const deploy = deployHost(topology, datacenter);
  const candidates = controlPlane(clusterOrder(topology)).filter((h) => h.datacenter === datacenter);
  const own = candidates.find((h) => h.name === deploy.name) ?? candidates[0] ?? deploy;
  return `https://${own.address}:6443`;
}

const admissionPlugins = [
  "NamespaceLifecycle",
  "LimitRanger",
  "ServiceAccount",
  "DefaultStorageClass",
  "DefaultTolerationSeconds",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
  "NodeRestriction",
  "Priority",
  "TaintNodesByCondition",
  "PersistentVolumeClaimResize",
];

const cipherSuites = ["ECDSA", "RSA"].flatMap((kind) =>
  ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305"].map((cipher) => `TLS_ECDHE_${kind}_WITH_${cipher}`),
);
