/** Names a certificate is valid for, in the order in which RKE writes them: it compares the API server's in order. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { NodeConfig, RkeConfig } from "../rke-config";

export interface AltNames {
  dns: string[];
  ips: string[];
}

export function serviceIp(cidr: string): string {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  const bits = Number(match?.[5]);
  if (!match || bits > 32) {
    throw new Error(
      `Failed to get kubernetes service IP from Kube API option [service_cluster_ip_range]: invalid CIDR address: ${cidr}`,
    );
  }
  const address = match.slice(1, 5).reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const first = Math.floor(address / 2 ** (32 - bits)) * 2 ** (32 - bits) + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}

export function altNames(nodes: NodeConfig[], config: RkeConfig, sans: string[] = []): AltNames {
  const names: AltNames = { dns: [], ips: [] };
  const add = (value: string) => (isIP(value) ? names.ips : names.dns).push(value);
  for (const node of nodes) {
    add(node.address);
    if (node.internalAddress && node.internalAddress !== node.address) add(node.internalAddress);
    if (node.hostnameOverride && node.hostnameOverride !== node.address) names.dns.push(node.hostnameOverride);
  }
  for (const san of sans) add(san);
  names.ips.push("127.0.0.1", serviceIp(config.services.kubeApi.serviceClusterIpRange));
  const domain = config.services.kubelet.clusterDomain;
  names.dns.push("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc");
  names.dns.push(`kubernetes.default.svc.${domain}`);
  return names;
}

export function namesOf(certificatePEM: string): AltNames {
  const entries = new X509Certificate(certificatePEM).subjectAltName?.split(", ") ?? [];
  const of = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return { dns: of("DNS:"), ips: of("IP Address:") };
}

export function sameInOrder(left: AltNames, right: AltNames): boolean {
  const equal = (a: string[], b: string[]) => a.length === b.length && a.every((each, index) => each === b[index]);
  return equal(left.dns, right.dns) && equal(left.ips, right.ips);
}

/** How RKE compares the etcd certificates' names. */
export function sameInAnyOrder(left: AltNames, right: AltNames): boolean {
  const sorted = (names: AltNames) => ({ dns: [...names.dns].sort(), ips: [...names.ips].sort() });
  return sameInOrder(sorted(left), sorted(right));
}
