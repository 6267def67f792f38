import { z } from "zod";
import { endpointHost, isCidr, isIp } from "../values/addresses";
import { isMapping } from "../values/mapping";
import { debianCaFolders, defaults, recordedIds } from "./kubeadm-defaults";

const text = z.string().min(1, "is empty");
/** Names and addresses that a certificate may have; kubeadm refuses others, and writes those of the API in small letters. */
const sans = z
  .array(
    text.refine(
      (value) => isIp(value) || /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i.test(value),
      "is neither an address nor a DNS name",
    ),
  )
  .default([]);
const port = z.int().min(1).max(65535);
const argumentName = text.regex(/^[a-z0-9]/, "begins with neither a letter nor a digit: an argument stands without --");

const argument = z.strictObject({
  name: argumentName,
  value: z.string(),
  mergeMethod: z.enum(["append", "prepend"]).optional(),
});

/** A list as v1beta4 has it, or v1beta3's mapping, which kubeadm reads sorted by name (apis/kubeadm/v1beta3/conversion.go). */
const extraArgs = z.preprocess((value) => (isMapping(value) ? listed(value) : value), z.array(argument).default([]));

const listed = (value: Record<string, unknown>) =>
  Object.keys(value)
    .sort()
    .map((name) => ({ name, value: value[name] }));

const envVar = z.strictObject({
  name: text,
  value: z.string().optional(),
  valueFrom: z.record(z.string(), z.json()).optional(),
});

const mount = z.strictObject({
  name: text,
  hostPath: text,
  mountPath: text,
  readOnly: z.boolean().default(false),
  pathType: z.string().default(""),
});

const component = {
  extraArgs,
  extraEnvs: z.array(envVar).default([]),
  extraVolumes: z.array(mount).default([]),
};

/** Ranges joined by a comma, one of each family at most. */
const ranges = text.refine((value) => value.split(",").every(isCidr), "is not an address range in CIDR form");

const endpoint = text.refine((value) => {
  const host = endpointHost(value);
  return isIp(host) || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(host);
}, "is neither HOST nor HOST:PORT, with a DNS name in small letters or an address");

const duration = z.string().refine((value) => goSeconds(value) !== undefined, 'is not a time like "8760h0m0s"');

const local = z.strictObject({
  dataDir: text.default(defaults.dataDir),
  imageRepository: text.optional(),
  imageTag: text.optional(),
  extraArgs,
  extraEnvs: component.extraEnvs,
  serverCertSANs: sans,
  peerCertSANs: sans,
});

const external = z.strictObject({
  endpoints: z.array(text).min(1, "names no endpoint"),
  /** kubeadm's own: the URL of etcd's /health. */
  httpEndpoints: z.array(text).optional(),
  caFile: z.string().default(""),
  certFile: z.string().default(""),
  keyFile: z.string().default(""),
});

const etcd = z
  .strictObject({ local: local.optional(), external: external.optional() })
  .refine((value) => !(value.local && value.external), "is both local and external")
  .transform(({ local: own, external: other }) => (other ? { external: other } : { local: own ?? local.parse({}) }));

/** A topology's `kubeadm:`: kubeadm's ClusterConfiguration without apiVersion, kind and kubernetesVersion. */
export const clusterSchema = z.strictObject({
  /** Only if it differs from the topology's `cluster`. */
  clusterName: z.string().optional(),
  controlPlaneEndpoint: endpoint.optional(),
  certificatesDir: text.default(defaults.certificatesDir),
  imageRepository: text.default(defaults.imageRepository),
  networking: z
    .strictObject({
      serviceSubnet: ranges.default(defaults.serviceSubnet),
      podSubnet: ranges.optional(),
      dnsDomain: text.default(defaults.dnsDomain),
    })
    .prefault({}),
  etcd: etcd.prefault({}),
  apiServer: z.strictObject({ ...component, certSANs: sans }).prefault({}),
  controllerManager: z.strictObject(component).prefault({}),
  scheduler: z.strictObject(component).prefault({}),
  featureGates: z.record(z.string(), z.boolean()).default({}),
  encryptionAlgorithm: z
    .enum(["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"])
    .default(defaults.encryptionAlgorithm),
  certificateValidityPeriod: duration.default(defaults.certificateValidityPeriod),
  caCertificateValidityPeriod: duration.default(defaults.caCertificateValidityPeriod),
  /** Addons; kept for kubeadm, nothing here depends on them. */
  dns: z.record(z.string(), z.unknown()).optional(),
  proxy: z.record(z.string(), z.unknown()).optional(),
  /** Not ClusterConfiguration's: variables `*_proxy` that kubeadm found in its environment and wrote into manifests. */
  proxyEnvs: z.array(envVar).default([]),
});

const id = z.int().min(0);

/** The `kubeadm:` of one control plane host. */
export const hostSchema = z.strictObject({
  /**
   * The members of etcd that the host joined when kubeadm wrote its manifests, in the order of its --initial-cluster; an empty
   * list is `kubeadm init`. Without it: all that stand before it in the topology.
   */
  joined: z.array(text).optional(),
  /** localAPIEndpoint.bindPort; the address is the host's internalAddress. */
  bindPort: port.default(defaults.bindPort),
  /** timeouts.controlPlaneComponentHealthCheck; it stands in the startup probes. */
  startupTimeout: duration.default("4m0s"),
  /** Folders with CA certificates that kubeadm found on the host. */
  caFolders: z.array(text).default(debianCaFolders),
  /** patches.directory: what kubeadm changes in its own manifests by files that only the host has. */
  patches: text.optional(),
  /** Users and groups of RootlessControlPlane on this host. */
  ids: z
    .strictObject({
      users: z.strictObject({ "kubeadm-etcd": id, "kubeadm-kas": id, "kubeadm-kcm": id, "kubeadm-ks": id }),
      groups: z.strictObject({
        "kubeadm-etcd": id,
        "kubeadm-kas": id,
        "kubeadm-kcm": id,
        "kubeadm-ks": id,
        "kubeadm-sa-key-readers": id,
      }),
    })
    .default(recordedIds),
});

/** Seconds of Go's durations, "8m0s" or "1h30m"; undefined if the text is none. */
export function goSeconds(value: string): number | undefined {
  const [whole, hours = 0, minutes = 0, seconds = 0] =
    /^(?=.)(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(value) ?? [];
  return whole ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) : undefined;
}
