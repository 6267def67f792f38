import { z } from "zod";
import { isDnsName, isIpv4, isServiceRange } from "../values/addresses";
import { isDuration } from "../values/duration";
import { etcdUnitSchema as etcdUnit, hostUnitSchema as hostUnit } from "./etcd-unit-schema";
import { clusterSchema as kubeadm, hostSchema as kubeadmHost } from "./kubeadm-schema";
import { reservedArguments } from "./reserved-arguments";

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "is not a DNS-1123 label");
/** RKE's hostname_override, which becomes the Node's name: RKE takes a whole domain name, too, and an address. */
const hostName = z
  .string()
  .max(63, "is longer than 63 letters")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, "is not a DNS-1123 name");
/** RKE takes any name, too; the deploy hosts and the operator must be able to resolve it. */
const address = z
  .string()
  .refine((value) => isIpv4(value) || isDnsName(value), "is neither an IPv4 address nor a DNS name");
/** RKE checks nothing about it; here it goes into file names and tokens. */
const clusterName = z
  .string()
  .regex(
    /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,126}[A-Za-z0-9])?$/,
    "has other signs than letters, digits, dots, dashes and underscores",
  );
const port = z.int().min(1).max(65535);
const text = z.string().min(1, "is empty");
const count = z.int().min(1);
const milliseconds = z.int().min(1);
/** Arguments but those that this program decides on, or that would move etcd's data to a folder that it doesn't know. */
const argumentsBut = (reserved: RegExp) =>
  z
    .record(
      z.string().refine((key) => !reserved.test(key), "is an argument that must stay RKE's"),
      z.string(),
    )
    .default({});
const taint = z.strictObject({
  key: text,
  value: z.string().default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});
const hostKey = z
  .string()
  .regex(
    /^(unpinned|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+)$/,
    'is neither a public host key ("ssh-ed25519 AAAA...") nor the word unpinned',
  );

export const hostSchema = z.strictObject({
  name: hostName,
  /** The address for SSH, and for everything else if there is no internalAddress. */
  address,
  /** The address that etcd and kube-apiserver listen on and advertise, if it differs from `address`. */
  internalAddress: address.optional(),
  roles: z.array(z.enum(["controlplane", "etcd", "worker"])).min(1, "names no role"),
  /** Its part in etcd: a voter is RKE's role etcd; a learner follows the voters beside RKE, without a vote. */
  etcd: z.enum(["voter", "learner", "none"]).optional(),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z.array(taint).default([]),
  /** User and port for SSH to this host, if they differ from `ssh`. */
  ssh: z.strictObject({ user: text.optional(), port: port.optional() }).optional(),
  hostKey,
  /** The host's own part of kubeadm's configuration; declaration/kubeadm.ts. */
  kubeadm: kubeadmHost.optional(),
  /** The host's own part of etcd's unit; declaration/etcd-unit.ts. */
  etcdUnit: hostUnit.optional(),
});

export const datacenterSchema = z.strictObject({
  name,
  /** Holds voters and nothing else, so that neither of the other sites has the majority; no failover goes there. */
  witness: z.boolean().default(false),
  /** The host on which `rke` runs for this side; a witness has none. */
  deployHost: hostName.optional(),
  hosts: z.array(hostSchema).min(1, "has no host"),
});

const ssh = z.strictObject({
  user: text.default("root"),
  port: port.default(22),
  keyPath: text.default("~/.ssh/id_rsa"),
  /** The operator's key is in the ssh-agent that SSH_AUTH_SOCK names: `keyPath` isn't read. */
  agent: z.boolean().optional(),
  /** The host through which the operator's SSH goes to all others, with the same key. */
  bastion: z
    .strictObject({
      host: text,
      port: port.default(22),
      /** If not set: the hosts' user. */
      user: text.optional(),
      hostKey,
    })
    .optional(),
});

/** Snapshots that each deploy host takes on schedule from a voter, the other side's if it can; absent: none. RKE's own stand under `rke:`. */
const snapshots = z.strictObject({
  /** The time between two, like "15m", "1h" or "1d". */
  every: z.string().refine(isDuration, 'is not a time like "15m", "1h" or "1d"'),
  /** The newest so many are kept, and of each of the last so many days the last one. */
  keep: z.strictObject({ count: count.default(24), days: count.default(7) }).default({ count: 24, days: 7 }),
});

const etcd = z.strictObject({
  /** The version that the reviewer expects, as "3.4.14": it must be that of the image that runs. */
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'is not a version like "3.4.14"')
    .optional(),
  /** Milliseconds; RKE's 500 if it isn't set. */
  heartbeatInterval: milliseconds.optional(),
  /** Milliseconds; RKE's 5000 if it isn't set. */
  electionTimeout: milliseconds.optional(),
  snapshots: snapshots.optional(),
  extraArgs: argumentsBut(reservedArguments.etcd),
});

/** The RKE release if the topology names none: the one that this program assumed before it had `rkeVersion`. */
export const defaultRke = "v1.2.7";

/** A topology as it stands in Pulumi.yaml: keys, shapes and defaults. Rules that span several keys are in declaration/checks.ts. */
export const topologySchema = z.strictObject({
  /** The installer that made the cluster; each has keys of its own (declaration/installers.ts). */
  installer: z.enum(["rke", "kubeadm", "kubespray", "kubekey", "unit"]).default("rke"),
  cluster: clusterName,
  /** RKE's kubernetes_version, or the version of Kubernetes; which ones are known depends on the installer (declaration/installers.ts). */
  kubernetesVersion: text,
  /** The RKE release that the deploy hosts have, which decides with kubernetesVersion what etcd and kube-apiserver run. */
  rkeVersion: text.default(defaultRke),
  standby: name,
  /** The origin of the cluster's certificates: `generated` by this program, or `adopted` from an existing cluster. */
  pki: z.enum(["generated", "adopted"]).default("generated"),
  ssh,
  serviceCidr: z
    .string()
    .refine(isServiceRange, "is not an IPv4 range in CIDR form, or one of IPv4 and one of IPv6 with a comma between")
    .default("10.43.0.0/16"),
  clusterDomain: text.default("cluster.local"),
  etcd: etcd.prefault({}),
  kubeApi: z
    .strictObject({
      extraArgs: argumentsBut(reservedArguments.kubeApi),
      /** Further names and addresses of the API in its certificate; RKE's authentication.sans. */
      sans: z.array(text).default([]),
    })
    .prefault({}),
  datacenters: z.array(datacenterSchema).min(2, "needs two datacenters or more"),
  /** The names of all hosts in cluster.yml's order, if the standby's hosts aren't the first ones there. */
  order: z.array(hostName).optional(),
  /**
   * True: hosts of a datacenter that has a majority of the voters wait after a boot, and serve nothing, until a host of another datacenter
   * answers that knows no newer epoch, or an operator says so on the host.
   */
  bootHold: z.boolean().default(false),
  /** By host: the command that the operator's machine runs to make sure that a lost host stays down. Clear text, no secrets. */
  fence: z.record(hostName, text).default({}),
  /** For kubeadm's clusters: the command that the operator's machine runs to make controlPlaneEndpoint lead elsewhere (acts/steps/endpoint.ts). */
  endpoint: z.strictObject({ move: text }).optional(),
  /** By host: a command that shows, without any harm, that the fence command would work; `npm run ready -- --fence-test` runs it. */
  fenceTest: z.record(hostName, text).default({}),
  /** How many persons must attest that the lost side is down, before a failover that needs that word. */
  attest: z.strictObject({ by: z.int().min(1).max(9).default(1) }).prefault({}),
  /** Patterns of snapshots that others write on the hosts, beside those that are found by crontabs and timers: "/var/backups/etcd-*.db". */
  sources: z
    .array(
      z
        .string()
        .regex(
          /^(\/[\w.@%+=:,-]+)(\/[\w.@%+=:,*?-]+)+$/,
          "is not an absolute path in a folder, of letters, digits, ._@%+=:,- and the signs * and ?",
        ),
    )
    .default([]),
  /** The most that the loss of any datacenter may cost: seconds without the API, and seconds of acknowledged writes. */
  targets: z.strictObject({ rtoSeconds: count.optional(), rpoSeconds: z.int().min(0).optional() }).default({}),
  /** Findings of the policy that the cluster's owner accepts, each with the reason. */
  accept: z.array(z.strictObject({ finding: text, reason: text })).default([]),
  /** Keys of cluster.yml that this program does not model; they go into cluster.yml unchanged. */
  rke: z.record(z.string(), z.unknown()).default({}),
  /** kubeadm's ClusterConfiguration; always set if kubeadm has made the control plane, never for another installer. */
  kubeadm: kubeadm.optional(),
  /** etcd as a unit of systemd; always set if the installer has made it so, never for another one. */
  etcdUnit: etcdUnit.optional(),
});

/** A topology as the schema returns it: defaults are filled in, nothing is derived. */
export type DeclaredTopology = z.infer<typeof topologySchema>;
