import { isInRange } from "./versions";

/**
 * Rules by which RKE releases plan etcd and kube-apiserver differently for the same kubernetes_version, each with the first and
 * the last release in which it holds. 1.4 and 1.5 are parallel lines, and so are 1.2 and 1.3; no rule began in the later line
 * and reached the earlier one afterwards, so one range of versions is enough for each rule.
 *
 * Source, if it isn't named: golden rke-releases. `[S]`: read in RKE's cluster/plan.go (BuildEtcdProcess,
 * BuildKubeAPIProcess) at the tags on both sides of the border, and not recorded.
 */
const rules = {
  /** RKE_AUDITLOG_CONFIG_CHECKSUM stands in kube-apiserver's environment, so that another audit policy restarts it. */
  auditChecksum: "v1.2.6..",
  /** etcd 3.4.15 and later gets two cipher suites. */
  etcdCipherSuites: "v1.2.8..",
  /** ETCD_UNSUPPORTED_ARCH is the host's own architecture; before, that of the first etcd host [S]. */
  ownArchitecture: "v1.3.0..",
  /** An etcd certificate's name is in small letters [S: pki/util.go GetCrtNameForHost]. */
  smallLetters: "v1.3.0..",
  /** RKE's own binds lose their SELinux mark `:z`: the audit log's always, the others with Kubernetes 1.22 and later. */
  unmarkedBinds: "v1.3.3..",
  /** harvesterCloudProvider is read, and makes --cloud-provider=external [S: cloudprovider/harvester]. */
  harvester: "v1.3.3..",
  /** Without a version in the tag of the image for Kubernetes, RKE crashes [S: BuildKubeControllerProcess]. */
  hyperkubeVersion: "v1.3.3..",
  /** RKE asks etcd for its members by the v3 API; before, by /v2/members [S]. */
  membersByV3: "v1.3.3..",
  /** The policy's field omitManagedFields is read and written: from k8s.io/apiserver 0.23 on (go.mod at the tags) [S]. */
  auditOmitsManagedFields: "v1.3.8..",
  /** extra_args_array is read; before, RKE ignores the key [S]. */
  argumentLists: "v1.3.12..",
  /** --admission-control-config-file stands there always; before, with event_rate_limit only. */
  admissionFileAlways: "v1.4.4..",
  /** cloud_provider external-aws becomes --cloud-provider=external; aws is refused with Kubernetes 1.27 and later [S]. */
  externalAws: "v1.4.15..",
  /**
   * Checksums in kube-apiserver's environment leak into cluster.rkestate's current state, once for each plan, and every `rke up`
   * restarts the first control plane host's kube-apiserver, since the number differs. The range is that of two lines, 1.4.4 to 1.4.22
   * and 1.5.0 to 1.5.8 (cluster/reconcile.go RestartKubeAPIServerWhenConfigChanges).
   */
  leakingChecksums: "v1.4.4..v1.5.8",
  /** RKE_ADMISSION_CONFIG_CHECKSUM stands in kube-apiserver's environment. */
  admissionChecksum: "v1.5.9..",
  /** With extra_env, kube-apiserver's environment has one empty variable [S]. */
  emptyVariable: "v1.5.9..v1.5.10",
  /** Blanks around variables and binds are cut, empty ones left out [S]. */
  trimmedLists: "v1.5.11..",
  /** pod_security_policy is followed; RKE 1.6 ignores the key [S]. */
  podSecurityPolicy: "v1.2.0..v1.5.99",
} as const;

export type Rule = keyof typeof rules;

/** The RKE releases in which each rule holds, as ranges. */
export const ruleRanges: Readonly<Record<Rule, string>> = rules;

/** True if a rule holds in an RKE release. @throws Error if `rkeVersion` is no version */
export const holds = (rule: Rule, rkeVersion: string): boolean => isInRange(rkeVersion, rules[rule]);

/** The rules that hold in an RKE release: releases with the same ones plan alike, but for the oldest versions of Kubernetes. */
export const rulesOf = (rkeVersion: string): Rule[] =>
  (Object.keys(rules) as Rule[]).filter((rule) => holds(rule, rkeVersion));
