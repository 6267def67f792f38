/** --custom-certs: a folder of files named as RKE names them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../log";
import { certificateName } from "../plan/process";
import type { RkeConfig } from "../rke-config";
import { adminKubeconfig, type Bundle, entryOf } from "./bundle";

/** The case in which RKE itself panics: it takes every key for an RSA key. */
export class RkePanic extends Error {}

function normalCertificate(folder: string, file: string): string {
  const content = readFileSync(join(folder, file), "utf8");
  if (content === "") return "";
  try {
    return `${new X509Certificate(content).toString().trim()}\n`;
  } catch {
    throw new Error(`failed to read certificate [${file}]: data does not contain any valid RSA or ECDSA certificates`);
  }
}

function normalKey(folder: string, file: string): string {
  const path = join(folder, file);
  const content = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (content === "") return "";
  const key = (() => {
    try {
      return createPrivateKey(content);
    } catch {
      throw new Error(
        `failed to read key [${file}], make sure it is not encrypted: data does not contain a valid RSA or ECDSA private key`,
      );
    }
  })();
  if (key.asymmetricKeyType !== "rsa") {
    throw new RkePanic("interface conversion: interface {} is *ecdsa.PrivateKey, not *rsa.PrivateKey");
  }
  return key.export({ type: "pkcs1", format: "pem" }).toString();
}

const NAMES: Record<string, { commonName?: string; organization?: string }> = {
  "kube-node": { commonName: "system:node", organization: "system:nodes" },
  "kube-admin": { organization: "system:masters" },
};

/** Every file that is neither a key nor a signing request is taken for a certificate. */
export function readFolder(folder: string): Bundle {
  const bundle: Bundle = {};
  if (!existsSync(folder)) return bundle;
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith("-key.pem") || file.endsWith("-csr.pem")) continue;
    const name = file.replace(/\.pem$/, "");
    const certificate = normalCertificate(folder, file);
    bundle[name] = entryOf(name, certificate, normalKey(folder, `${name}-key.pem`), {
      commonName: name,
      ...NAMES[name],
    });
  }
  return bundle;
}

const COMPONENTS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kube-node",
  "kube-admin",
];

/** Nothing is generated: what is missing is an error. Fills in the admin's kubeconfig. */
export function validateCustom(bundle: Bundle, config: RkeConfig, kubeConfigPath: string, log: Log): void {
  const ca = bundle["kube-ca"];
  if (!ca?.certificatePEM) throw new Error("Failed to find master CA certificate");
  const header = "kube-apiserver-requestheader-ca";
  if (!bundle[header]?.certificatePEM) {
    log.warn("Failed to find RequestHeader CA certificate, using master CA certificate");
    bundle[header] = entryOf(header, ca.certificatePEM, "", { commonName: header });
  }
  for (const name of [...COMPONENTS, "kube-apiserver-proxy-client"]) {
    if (!complete(bundle, name)) throw new Error(`Failed to find [${name}] Certificate or Key`);
  }
  const etcd = config.nodes.filter((node) => node.role.includes("etcd"));
  const etcdNames = etcd.map((node) => certificateName("kube-etcd", node));
  for (const name of etcdNames) {
    if (!complete(bundle, name)) throw new Error(`Failed to find etcd [${name}] Certificate or Key`);
  }
  const admin = bundle["kube-admin"];
  const control = config.nodes.find((node) => node.role.includes("controlplane"));
  if (admin && control) {
    admin.config = adminKubeconfig(control.address, config.clusterName, ca.certificatePEM, admin);
    admin.configPath = kubeConfigPath;
  }
  for (const name of [...COMPONENTS, ...etcdNames]) {
    if (issuerOf(bundle, name) !== subjectOf(bundle, "kube-ca")) {
      throw new Error(`Component [${name}] is not signed by the custom CA certificate`);
    }
  }
  if (issuerOf(bundle, "kube-apiserver-proxy-client") !== subjectOf(bundle, header)) {
    throw new Error(
      "Component [kube-apiserver-proxy-client] is not signed by the custom Request Header CA certificate",
    );
  }
}

function complete(bundle: Bundle, name: string): boolean {
  return Boolean(bundle[name]?.certificatePEM && bundle[name]?.keyPEM);
}

function commonName(distinguished: string | undefined): string | undefined {
  return distinguished
    ?.split("\n")
    .find((line) => line.startsWith("CN="))
    ?.slice(3);
}

function issuerOf(bundle: Bundle, name: string): string | undefined {
  return commonName(new X509Certificate(bundle[name]?.certificatePEM ?? "").issuer);
}

function subjectOf(bundle: Bundle, name: string): string | undefined {
  return commonName(new X509Certificate(bundle[name]?.certificatePEM ?? "").subject);
}
