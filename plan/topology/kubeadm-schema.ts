import { z } from "zod";
import { endpointHost, isCidr, isDns1123, isIp } from "../values/addresses";
import { isMapping } from "../values/mapping";
import { debianCaFolders, defaults, recordedIds } from "./kubeadm-defaults";

const text = z.string().min(1, "is empty");
/** Four numbers that are no address: Go reads 010.0.0.1 as 10.0.0.1, others as an octal number, so nobody should rely on either. */
const isOddAddress = (value: string): boolean => /^\d+(\.\d+){3}$/.test(value) && !isIp(value);
const isName = (value: string): boolean => isDns1123(value) && !isOddAddress(value);
/** Names and addresses that a certificate may have (apis/kubeadm/validation ValidateCertSANs). */
const sans = (lowered: (value: string) => string = (value) => value) =>
  z
    .array(
      text.refine(
        (value) => isIp(value) || isName(lowered(value).replace(/^\*\./, "")),
        "is neither an address nor a DNS name in small letters",
      ),
    )
    .default([]);
/** kubeadm writes those of the API in small letters. */
const apiSans = sans((value) => value.toLowerCase());
const path = text.refine((value) => value.startsWith("/"), "is not an absolute path");
const folder = "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*";
const registry =
  "([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*|\\[[a-fA-F0-9:]+\\])(:[0-9]+)?";
/** github.com/distribution/reference regexp.go. */
const repository = text.regex(
  new RegExp(`^(${registry}|${folder})(/${folder})*$`),
  "is not an image repository like registry.test:5000/folder",
);
const port = z.int().min(1).max(65535);
const argumentName = text.regex(
  /^[a-z0-9_]/i,
  "begins with neither a letter nor a digit: an argument stands without --",
);

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

/** One range, or one of each family joined by a comma (apis/kubeadm/validation ValidateIPNetFromString). */
const ranges = text
  .refine((value) => value.split(",").every(isCidr), { error: "is not an address range in CIDR form", abort: true })
  .refine(
    (value) => {
      const families = value.split(",").map((range) => range.includes(":"));
      return new Set(families).size === families.length;
    },
    { error: "is neither one range nor one of each family", abort: true },
  );
/** Bits of a range that are left for addresses. */
const freeBits = (range: string): number => (range.includes(":") ? 128 : 32) - Number(range.split("/")[1]);
const serviceRanges = ranges.refine(
  (value) => value.split(",").every((range) => freeBits(range) >= 4 && freeBits(range) <= 20),
  "is too small or too large for Services: kubeadm takes /12 to /28, of IPv6 /108 to /124",
);

const endpoint = text.refine((value) => {
  const [, port] = /(?:^[^:]*|\]):(\d+)$/.exec(value) ?? [];
  const host = endpointHost(value);
  const isBare = value.startsWith("[") && port === undefined;
  return !isBare && (port === undefined || isPort(Number(port))) && (isIp(host) || isName(host));
}, "is neither HOST nor HOST:PORT, with a DNS name in small letters or an address");
const isPort = (value: number): boolean => value >= 1 && value <= 65535;

const duration = z.string().refine((value) => goSeconds(value) !== undefined, 'is not a time like "8760h0m0s"');

const local = z.strictObject({
  dataDir: path.default(defaults.dataDir),
  imageRepository: repository.optional(),
  imageTag: text.optional(),
  extraArgs,
  extraEnvs: component.extraEnvs,
  serverCertSANs: sans(),
  peerCertSANs: sans(),
});

const file = path.or(z.literal("")).default("");
const hasScheme = (url: string): boolean => /^[a-z][-+.a-z0-9]*:/i.test(url);
/** apis/kubeadm/validation ValidateEtcd. */
const external = z
  .strictObject({
    endpoints: z.array(text.refine(hasScheme, "is not a URL like https://10.0.0.1:2379")).min(1, "names no endpoint"),
    /** kubeadm's own: the URL of etcd's /health. */
    httpEndpoints: z.array(text.refine(hasScheme, "is not a URL like http://10.0.0.1:2381")).optional(),
    caFile: file,
    certFile: file,
    keyFile: file,
  })
  .refine(
    (e) => (e.certFile === "") === (e.keyFile === ""),
    "has certFile without keyFile, or keyFile without certFile",
  )
  .refine((e) => e.certFile === "" || e.caFile !== "", "has certFile and keyFile without caFile")
  .refine(
    (e) => [e.caFile, e.certFile, e.keyFile].join("") === "" || e.endpoints.every((url) => /^https:/i.test(url)),
    "has files of certificates, so each endpoint must begin with https://",
  );

const etcd = z
  .strictObject({ local: local.optional(), external: external.optional() })
  .refine((value) => !(value.local && value.external), "is both local and external")
  .transform(({ local: own, external: other }) => (other ? { external: other } : { local: own ?? local.parse({}) }));

/** A topology's `kubeadm:`: kubeadm's ClusterConfiguration without apiVersion, kind and kubernetesVersion. */
export const clusterSchema = z.strictObject({
  /** Only if it differs from the topology's `cluster`. */
  clusterName: z.string().optional(),
  controlPlaneEndpoint: endpoint.optional(),
  certificatesDir: path.default(defaults.certificatesDir),
  imageRepository: repository.default(defaults.imageRepository),
  networking: z
    .strictObject({
      serviceSubnet: serviceRanges.default(defaults.serviceSubnet),
      podSubnet: ranges.optional(),
      dnsDomain: text.refine(isName, "is not a DNS name in small letters").default(defaults.dnsDomain),
    })
    .prefault({}),
  etcd: etcd.prefault({}),
  apiServer: z.strictObject({ ...component, certSANs: apiSans }).prefault({}),
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

/** Seconds of Go's durations, "8m0s", "1h30m" or "500ms"; undefined if the text is none or has a sign. */
export function goSeconds(value: string): number | undefined {
  if (value === "0") {
    return 0;
  }
  const parts = [...value.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  return parts.length > 0 && parts.map(([part]) => part).join("") === value
    ? parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (units[unit] ?? 0), 0)
    : undefined;
}

const units: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
