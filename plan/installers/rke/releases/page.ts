import { versionOf } from "../images";
import { etcdOptions } from "./kubernetes-options";
import { type Rule, ruleRanges } from "./rules";
import {
  defaultKubernetes,
  knownKubernetes,
  knownRke,
  kubernetesOf,
  rangeWords,
  releaseImages,
  rkeWith,
} from "./table";
import { minorOf } from "./versions";

/** The effect of each rule, as the page says it. */
const effects: Record<Rule, string> = {
  auditChecksum: "kube-apiserver has RKE_AUDITLOG_CONFIG_CHECKSUM in its environment",
  etcdCipherSuites: "etcd 3.4.15 and later has `--cipher-suites`",
  ownArchitecture: "ETCD_UNSUPPORTED_ARCH is the host's own architecture; in other releases the first etcd host's",
  smallLetters: "the names of etcd's certificates are in small letters",
  unmarkedBinds: "the audit log's bind has no `:z`; with Kubernetes 1.22 and later, none of RKE's own binds has",
  harvester: "`harvesterCloudProvider` is read and makes `--cloud-provider=external`",
  hyperkubeVersion: "the tag of the image for Kubernetes must be a version, else RKE crashes",
  membersByV3: "RKE asks etcd for its members by the v3 API; in other releases by /v2/members",
  auditOmitsManagedFields: "`omitManagedFields` in an audit policy is read",
  argumentLists: "`extra_args_array` is read; other releases ignore it",
  admissionFileAlways:
    "kube-apiserver has `--admission-control-config-file` always; in other releases with `event_rate_limit` only",
  externalAws: "`cloud_provider: {name: external-aws}` becomes `--cloud-provider=external`",
  leakingChecksums:
    "two lines, to v1.4.22 and to v1.5.8: each `rke up` restarts the first control plane host's kube-apiserver; not those of this program, which prepares cluster.rkestate",
  admissionChecksum: "kube-apiserver has RKE_ADMISSION_CONFIG_CHECKSUM in its environment",
  emptyVariable: "with `extra_env`, kube-apiserver has an empty variable in its environment",
  trimmedLists: "blanks around `extra_env` and `extra_binds` of kube-apiserver are cut",
  podSecurityPolicy: "`pod_security_policy` is followed; other releases ignore it",
};

/** The releases of which docs/verified.md tells a drill with the real RKE. */
export const drilledRke = ["v1.2.7", "v1.3.24", "v1.4.22", "v1.5.14", "v1.6.3"];

/** docs/rke-releases.md, all from the table and the rules. */
export function releasesPage(): string {
  return `# RKE releases and versions of Kubernetes

Written by \`npm run releases\` from [table.json](../plan/installers/rke/releases/table.json) and
[rules.ts](../plan/installers/rke/releases/rules.ts); a test holds it equal to them.

The topology's \`rkeVersion\` and \`kubernetesVersion\` decide what etcd and kube-apiserver run. ${knownRke.length} releases of RKE are
known, from ${knownRke[0]} to ${knownRke.at(-1)}, and ${knownKubernetes.length} versions of Kubernetes. A release between two known ones counts as the
next newer one, a release after the newest as having every version. A version that the RKE release lacks is refused, unless
\`rke: system_images\` says \`etcd\`, \`kubernetes\` and \`kubernetes_services_sidecar\`.

Whole drills on hosts ran with the real RKE ${drilledRke.join(", ")} ([verified](verified.md#drills)). Plans of seven
releases, v1.2.5 to v1.7.0-rc.3, are compared with recordings of RKE's own code; between those, what changed was read in its source.

## By Kubernetes

| Kubernetes | versions | newest | etcd | in RKE, any of them | etcd's arguments |
| --- | --- | --- | --- | --- | --- |
${minorVersions().map(minorRow).join("\n")}

## By RKE release

| RKE | kubernetes_version by default | versions that it has |
| --- | --- | --- |
${knownRke.map((rke) => `| ${rke} | ${defaultKubernetes(rke)} | ${kubernetesOf(rke).length} |`).join("\n")}

## What else follows from the RKE release

| RKE | what it does |
| --- | --- |
${(Object.keys(effects) as Rule[]).map((rule) => `| ${rangeWords(ruleRanges[rule])} | ${effects[rule]} |`).join("\n")}
`;
}

const minorVersions = (): string[][] =>
  [...new Set(knownKubernetes.map(minorOf))].map((minor) => knownKubernetes.filter((v) => minorOf(v) === minor));

function minorRow(versions: string[]): string {
  const newest = versions.at(-1) ?? "";
  const etcd = unique(versions.map((v) => versionOf(releaseImages(v)?.etcd ?? "") ?? ""));
  const cells = [
    minorOf(newest),
    String(versions.length),
    newest,
    etcd.join(", "),
    unique([rkeWith(versions[0] ?? ""), rkeWith(newest)]).join("; newest: "),
    unique(versions.map(argumentWords)).join(" or "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function argumentWords(version: string): string {
  const options = etcdOptions(knownRke.at(-1) ?? "", version);
  const special = Object.keys(options ?? {}).filter((name) => !name.endsWith("client-cert-auth"));
  return options === undefined
    ? "flags without value"
    : special.map((name) => `\`--${name}\``).join(", ") || "the usual";
}

const unique = (values: string[]): string[] => [...new Set(values)];
