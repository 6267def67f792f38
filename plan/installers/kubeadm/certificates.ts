import { endpointHost, firstAddress, isIp, plainIp } from "../../values/addresses";
import { type ClusterConfiguration, type EncryptionAlgorithm, joined, type KubeadmHost } from "./configuration";
import { type Rules, rulesOf } from "./versions";

/** A certificate of kubeadm as it lies on a control plane host; the key lies beside it. */
export interface Certificate {
  /** As `kubeadm init phase certs NAME` names it. */
  name: string;
  path: string;
  keyPath: string;
  commonName: string;
  organization: string[];
  /** The CA's common name; its own for a CA. */
  issuer: string;
  isCA: boolean;
  keyUsage: string[];
  extKeyUsage: string[];
  /** Sorted. */
  dnsNames: string[];
  /** In kubeadm's order. */
  ipAddresses: string[];
  /** Go's duration from the moment it was made; notBefore is five minutes before that (from 1.31 on). */
  validity: string;
  algorithm: EncryptionAlgorithm;
  /** True if every control plane host has the same file: only CAs. A leaf names its own host. */
  isShared: boolean;
}

/**
 * The certificates of a control plane host (phases/certs/certlist.go; golden certs.json), each CA before what it signs. An
 * external etcd's aren't kubeadm's: they are named in ClusterConfiguration and made elsewhere.
 */
export function certificates(cluster: ClusterConfiguration, host: KubeadmHost): Certificate[] {
  const rules = rulesOf(cluster.kubernetesVersion);
  const make = maker(cluster);
  return [
    make.ca("ca", "ca", "kubernetes"),
    make.leaf("apiserver", "apiserver", "kubernetes", {
      commonName: "kube-apiserver",
      extKeyUsage: ["serverAuth"],
      ...apiServerNames(cluster, host),
    }),
    make.leaf("apiserver-kubelet-client", "apiserver-kubelet-client", "kubernetes", {
      commonName: "kube-apiserver-kubelet-client",
      organization: rules.kubeletClientOrganization,
    }),
    make.ca("front-proxy-ca", "front-proxy-ca", "front-proxy-ca"),
    make.leaf("front-proxy-client", "front-proxy-client", "front-proxy-ca", { commonName: "front-proxy-client" }),
    ...(cluster.etcd.local ? etcdCertificates(cluster, host, rules) : []),
  ];
}

function etcdCertificates(cluster: ClusterConfiguration, host: KubeadmHost, rules: Rules): Certificate[] {
  const make = maker(cluster);
  const { serverCertSANs = [], peerCertSANs = [] } = cluster.etcd.local ?? {};
  const both = ["serverAuth", "clientAuth"];
  const own = (sans: string[]) => names([host.name, "localhost"], [host.advertiseAddress, "127.0.0.1", "::1"], sans);
  const client = { organization: rules.etcdClientOrganization };
  return [
    make.ca("etcd-ca", "etcd/ca", "etcd-ca"),
    make.leaf("etcd-server", "etcd/server", "etcd-ca", {
      commonName: host.name,
      extKeyUsage: both,
      ...own(serverCertSANs),
    }),
    make.leaf("etcd-peer", "etcd/peer", "etcd-ca", { commonName: host.name, extKeyUsage: both, ...own(peerCertSANs) }),
    make.leaf("etcd-healthcheck-client", "etcd/healthcheck-client", "etcd-ca", {
      commonName: "kube-etcd-healthcheck-client",
      ...client,
    }),
    make.leaf("apiserver-etcd-client", "apiserver-etcd-client", "etcd-ca", {
      commonName: "kube-apiserver-etcd-client",
      ...client,
    }),
  ];
}

function maker(cluster: ClusterConfiguration) {
  const made = (name: string, file: string, issuer: string, rest: Partial<Certificate>): Certificate => ({
    name,
    path: joined(cluster.certificatesDir, `${file}.crt`),
    keyPath: joined(cluster.certificatesDir, `${file}.key`),
    commonName: issuer,
    organization: [],
    issuer,
    isCA: false,
    keyUsage: ["digitalSignature", "keyEncipherment"],
    extKeyUsage: ["clientAuth"],
    dnsNames: [],
    ipAddresses: [],
    validity: cluster.certificateValidityPeriod,
    algorithm: algorithmOf(cluster),
    isShared: false,
    ...rest,
  });
  return {
    leaf: made,
    ca: (name: string, file: string, commonName: string) =>
      made(name, file, commonName, {
        isCA: true,
        keyUsage: ["digitalSignature", "keyEncipherment", "certSign"],
        extKeyUsage: [],
        dnsNames: [commonName],
        validity: cluster.caCertificateValidityPeriod,
        isShared: true,
      }),
  };
}

/** The feature gate is older than the setting and wins, even if it is false (apis/kubeadm/types.go EncryptionAlgorithmType). */
function algorithmOf({ featureGates, encryptionAlgorithm }: ClusterConfiguration): EncryptionAlgorithm {
  const { PublicKeysECDSA: gate } = featureGates;
  return gate === undefined ? encryptionAlgorithm : gate ? "ECDSA-P256" : "RSA-2048";
}

/** util/pkiutil/pki_helpers.go GetAPIServerAltNames. */
function apiServerNames(cluster: ClusterConfiguration, host: KubeadmHost) {
  const { serviceSubnet, dnsDomain } = cluster.networking;
  const endpoint = cluster.controlPlaneEndpoint;
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  return names(
    [host.name, ...service, ...(dnsDomain === "" ? [] : [`kubernetes.default.svc.${dnsDomain}`])],
    [firstAddress(serviceSubnet.split(",")[0] ?? ""), host.advertiseAddress],
    [...(endpoint === undefined ? [] : [endpointHost(endpoint)]), ...cluster.apiServer.certSANs.map(lowerCase)],
  );
}

const lowerCase = (name: string): string => name.toLowerCase();

function names(dns: string[], addresses: string[], more: string[]): Pick<Certificate, "dnsNames" | "ipAddresses"> {
  const ips = [...addresses, ...more.filter(isIp)].map(plainIp);
  const others = more.filter((name) => !isIp(name));
  return { dnsNames: [...new Set([...dns, ...others])].sort(), ipAddresses: [...new Set(ips)] };
}
