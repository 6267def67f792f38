import { z } from "zod";
import { isIpv4, parseCidr } from "./addresses";
import { releases } from "./releases";

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "is not a DNS-1123 label");
const address = z.string().refine(isIpv4, "is not an IPv4 address");
/** Arguments but those that this program decides on, or that would move etcd's data to where it doesn't look. */
const argumentsBut = (reserved: RegExp) =>
  z
    .record(
      z.string().refine((key) => !reserved.test(key), "is an argument that must stay RKE's"),
      z.string(),
    )
    .default({});
const taint = z.strictObject({
  key: z.string().min(1),
  value: z.string().default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});
const hostKey = z
  .string()
  .regex(
    /^(unpinned|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+)$/,
    'is neither a public host key ("ssh-ed25519 AAAA...") nor the word unpinned',
  );

const host = z.strictObject({
  name,
  /** Where SSH, and by default everything else, reaches the host. */
  address,
  /** What etcd and the kube-apiserver listen on and advertise, where it differs. */
  internalAddress: address.optional(),
  roles: z.array(z.enum(["controlplane", "etcd", "worker"])).min(1, "names no role"),
  /** Its part in etcd: a voter is RKE's role etcd; a learner follows the voters beside RKE, without a vote. */
  etcd: z.enum(["voter", "learner", "none"]).optional(),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z.array(taint).default([]),
  hostKey,
});

const datacenter = z.strictObject({ name, deployHost: name, hosts: z.array(host).min(1, "has no host") });

/** A topology as it stands in Pulumi.yaml: keys, shapes and defaults. What spans several keys is checked in topology-checks.ts. */
export const topologySchema = z.strictObject({
  cluster: name,
  kubernetesVersion: z.string().refine((value) => value in releases, {
    error: `is not a version that this program knows (${Object.keys(releases).join(", ")})`,
  }),
  standby: name,
  ssh: z.strictObject({
    user: z.string().min(1).default("root"),
    port: z.int().min(1).max(65535).default(22),
    keyPath: z.string().min(1).default("~/.ssh/id_rsa"),
  }),
  serviceCidr: z
    .string()
    .refine((value) => parseCidr(value) !== undefined, "is not an IPv4 range in CIDR form")
    .default("10.43.0.0/16"),
  clusterDomain: z.string().min(1).default("cluster.local"),
  etcd: z
    .strictObject({
      extraArgs: argumentsBut(/^(name|data-dir|wal-dir|force-new-cluster|initial-.*|listen-.*|advertise-.*|.*-file)$/),
    })
    .default({ extraArgs: {} }),
  kubeApi: z.strictObject({ extraArgs: argumentsBut(/^(etcd-servers|advertise-address)$/) }).default({ extraArgs: {} }),
  datacenters: z.array(datacenter).min(2, "needs two datacenters or more"),
  /** What RKE knows and this program does not model; goes into cluster.yml unchanged. */
  rke: z.record(z.string(), z.unknown()).default({}),
});

/** What the schema makes of a topology: defaults are filled in, nothing is derived. */
export type DeclaredTopology = z.infer<typeof topologySchema>;
