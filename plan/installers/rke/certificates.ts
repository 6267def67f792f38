import { namesInCertificates } from "../../topology/order";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import { firstAddress, isIp, isIpv4 } from "../../values/addresses";
import type { Certificate } from "../certificate";
import { etcdCertificate } from "./etcd";

/** Every RKE certificate: RSA (RKE panics on ECDSA), 2048 bits, ten years. */
export const certificateDays = 3650;
export const certificateKeyBits = 2048;

const ca = (name: string): Certificate => ({
  name,
  commonName: name,
  organization: [],
  issuer: name,
  keyUsage: ["certSign", "digitalSignature", "keyEncipherment"],
  extKeyUsage: [],
  dnsNames: [],
  ipAddresses: [],
});

const leaf = (name: string, rest: Partial<Certificate>): Certificate => ({
  name,
  commonName: name,
  organization: [],
  issuer: "kube-ca",
  keyUsage: ["digitalSignature", "keyEncipherment"],
  extKeyUsage: ["clientAuth"],
  dnsNames: [],
  ipAddresses: [],
  ...rest,
});

/** SANs in RKE's order, which it compares one by one (pki/util.go GetAltNames). */
function altNames(site: Site, hosts: Host[], sans: string[]): Pick<Certificate, "dnsNames" | "ipAddresses"> {
  const names = [...hosts.flatMap(namesInCertificates), ...sans];
  return {
    dnsNames: [
      ...names.filter((n) => !isIp(n)),
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      `kubernetes.default.svc.${site.clusterDomain}`,
    ],
    ipAddresses: [...names.filter(isIp), "127.0.0.1", ...site.serviceCidr.split(",").map(firstAddress)],
  };
}

/**
 * The certificates that RKE would generate for the site's cluster.yml (golden rke-plan *.certs.json), CAs first.
 */
export function certificates(site: Site): Certificate[] {
  const both = ["clientAuth", "serverAuth"];
  const apiNames = altNames(site, site.controlPlane, site.sans);
  return [
    ca("kube-ca"),
    ca("kube-apiserver-requestheader-ca"),
    leaf("kube-apiserver", { extKeyUsage: both, ...apiNames }),
    leaf("kube-apiserver-proxy-client", { issuer: "kube-apiserver-requestheader-ca", extKeyUsage: both }),
    leaf("kube-controller-manager", { commonName: "system:kube-controller-manager" }),
    leaf("kube-scheduler", { commonName: "system:kube-scheduler" }),
    leaf("kube-proxy", { commonName: "system:kube-proxy" }),
    leaf("kube-node", { commonName: "system:node", organization: ["system:nodes"] }),
    leaf("kube-admin", { organization: ["system:masters"] }),
    // RKE makes the service account key's certificate a copy of the API server's.
    leaf("kube-service-account-token", { commonName: "kube-apiserver", extKeyUsage: both, ...apiNames }),
    ...site.voters.map((h) => etcdLeaf(site, h, site.voters)),
  ];
}

/** A host's etcd certificate; each carries the names of all etcd hosts. */
export const etcdLeaf = (site: Site, host: Host, members: Host[]): Certificate =>
  leaf(etcdCertificate(host, site.rkeVersion), {
    commonName: "kube-etcd",
    extKeyUsage: ["clientAuth", "serverAuth"],
    ...altNames(site, members, []),
  });

/** The survivors' names, by which kubelets, proxies and `rke` dial them, and those by which pods do; of etcd those of its own host. */
export const neededCertificates = (site: Site, host: Host): { file: string; names: string[] }[] => [
  ...(host.roles.includes("controlplane")
    ? [
        {
          file: "/etc/kubernetes/ssl/kube-apiserver.pem",
          names: [
            ...site.controlPlane.flatMap(namesInCertificates),
            "127.0.0.1",
            ...site.serviceCidr.split(",").map(firstAddress).filter(isIpv4),
            "kubernetes",
          ],
        },
      ]
    : []),
  ...(host.etcd === "none"
    ? []
    : [
        {
          file: `/etc/kubernetes/ssl/${etcdCertificate(host)}.pem`,
          names: [...namesInCertificates(host), "127.0.0.1"],
        },
      ]),
];
