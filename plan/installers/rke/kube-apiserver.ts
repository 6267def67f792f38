import { clientUrl } from "../../etcd/urls";
import { mergeArguments, type Process, sortedByName } from "../../runtimes/process";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { isIp } from "../../values/addresses";
import { imagesOf, servicesVersion, tagOf } from "./images";
import {
  admissionArguments,
  auditArguments,
  type ConfigChecksums,
  checksumVariables,
  cloudArguments,
  hasRbac,
  keepsAuditLog,
  webhookArguments,
} from "./kube-api-settings";
import { at } from "./modelled-keys";
import { kubeApiOptions } from "./releases/kubernetes-options";
import { holds } from "./releases/rules";
import { isAtLeast, parseVersion } from "./releases/versions";
import { ownBind, serviceAdditions, texts, uniqueList } from "./settings";

const ssl = "/etc/kubernetes/ssl";

/** `--etcd-servers` as RKE writes it: the host's own etcd first, then the others in cluster.yml's order. */
export function etcdServers({ voters: members }: Site, host: Host): string {
  return [...members.filter((m) => m.name === host.name), ...members.filter((m) => m.name !== host.name)]
    .map(clientUrl)
    .join(",");
}

/**
 * The kube-apiserver container that RKE starts on a control plane host (golden rke-plan, rke-releases; RKE's
 * cluster/plan.go BuildKubeAPIProcess).
 *
 * @param deployed checksums of the files that RKE deployed, as the host has them; a missing checksum is computed
 * @throws Error if the topology has no images: `releaseProblems` reports that
 */
export function kubeApiServerProcess(site: Site, host: Host, deployed: ConfigChecksums = {}): Process {
  const { rke, rkeVersion, kubernetesVersion } = site;
  const images = imagesOf(site);
  const additions = serviceAdditions(site, "kube-api");
  const options = kubeApiOptions(servicesVersion(site) ?? kubernetesVersion);
  const args = {
    ...credentials,
    ...etcdArguments(site, host),
    ...cloudArguments(site),
    ...webhookArguments(site),
    ...(holds("admissionFileAlways", rkeVersion) ? admissionFile : {}),
    "service-cluster-ip-range": site.serviceCidr,
    "service-node-port-range": textOf(at(rke, "services.kube-api.service_node_port_range")) ?? "30000-32767",
    ...(at(rke, "services.kube-api.secrets_encryption_config.enabled") === true ? encryptionFile : {}),
    // kubelets with a certificate of the cluster's CA, which kube-apiserver then verifies
    ...(at(rke, "services.kubelet.generate_serving_certificate") === true
      ? { "kubelet-certificate-authority": `${ssl}/kube-ca.pem` }
      : {}),
    ...options,
    ...(hasRbac(rke) ? { "authorization-mode": "Node,RBAC" } : {}),
    ...(isIp(host.internalAddress) ? { "advertise-address": host.internalAddress } : {}),
    ...admissionArguments(site, options),
    ...auditArguments(site),
  };
  return {
    name: "kube-apiserver",
    image: images.hyperkube,
    entrypoint: [
      entrypoint(images.tools),
      "kube-apiserver",
      ...mergeArguments(sortedByName(args), site.kubeApi.extraArgs),
      ...additions.arguments,
    ],
    cmd: [],
    env: uniqueList(
      [
        ...(holds("emptyVariable", rkeVersion) && additions.env.length > 0 ? [""] : []),
        ...checksumVariables(site, deployed),
        ...additions.env,
      ],
      rkeVersion,
    ),
    binds: uniqueList(
      [
        ownBind(site, "/etc/kubernetes"),
        ...(keepsAuditLog(site)
          ? [ownBind(site, "/var/log/kube-audit", undefined, !holds("unmarkedBinds", rkeVersion))]
          : []),
        ...additions.binds,
      ],
      rkeVersion,
    ),
    volumesFrom: ["service-sidekick"],
    labels: { "io.rancher.rke.container.name": "kube-apiserver" },
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** RKE's tools before 0.1.13 have their script elsewhere (cluster/cluster.go getRKEToolsLinuxEntryPoint). */
const entrypoint = (tools: string): string =>
  parseVersion(tagOf(tools)) && !isAtLeast(tagOf(tools), "v0.1.13")
    ? "/opt/rke/entrypoint.sh"
    : "/opt/rke-tools/entrypoint.sh";

/** Etcd's address and the certificate for it: RKE's own etcd, or the one of services.etcd.external_urls. */
function etcdArguments(site: Site, host: Host): Record<string, string> {
  const { rke } = site;
  const urls = texts(at(rke, "services.etcd.external_urls"));
  const [ca, certificate] = urls.length > 0 ? ["kube-etcd-client-ca", "kube-etcd-client"] : ["kube-ca", "kube-node"];
  return {
    "etcd-cafile": `${ssl}/${ca}.pem`,
    "etcd-certfile": `${ssl}/${certificate}.pem`,
    "etcd-keyfile": `${ssl}/${certificate}-key.pem`,
    "etcd-prefix": urls.length > 0 ? String(at(rke, "services.etcd.path") ?? "") : "/registry",
    "etcd-servers": urls.length > 0 ? urls.join(",") : etcdServers(site, host),
  };
}

const admissionFile = { "admission-control-config-file": "/etc/kubernetes/admission.yaml" };
const encryptionFile = { "encryption-provider-config": `${ssl}/encryption.yaml` };

const credentials = {
  "client-ca-file": `${ssl}/kube-ca.pem`,
  "kubelet-client-certificate": `${ssl}/kube-apiserver.pem`,
  "kubelet-client-key": `${ssl}/kube-apiserver-key.pem`,
  "proxy-client-cert-file": `${ssl}/kube-apiserver-proxy-client.pem`,
  "proxy-client-key-file": `${ssl}/kube-apiserver-proxy-client-key.pem`,
  "requestheader-allowed-names": "kube-apiserver-proxy-client",
  "requestheader-client-ca-file": `${ssl}/kube-apiserver-requestheader-ca.pem`,
  "service-account-key-file": `${ssl}/kube-service-account-token-key.pem`,
  "tls-cert-file": `${ssl}/kube-apiserver.pem`,
  "tls-private-key-file": `${ssl}/kube-apiserver-key.pem`,
};
