import { isMapping, mapping } from "../../../values/mapping";
import { holds } from "../releases/rules";
import { goYaml, type Json } from "./go-yaml";
import { md5 } from "./md5";

/** RKE's own policy (cluster/defaults.go newDefaultAuditPolicy). */
const defaultPolicy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] };

/**
 * The checksum of the audit policy that stands in kube-apiserver's environment (RKE's BuildKubeAPIProcess): of the YAML of
 * k8s.io/apiserver's type, so that keys which the type lacks are gone, empty ones too, and `metadata` stands there always.
 *
 * @param policy `services.kube-api.audit_log.configuration.policy`; RKE's own if it is undefined or null
 * @returns undefined if the YAML can't be known for certain; then only the host knows it
 */
export function auditPolicyChecksum(policy: unknown, rkeVersion: string): string | undefined {
  const given = policy ?? defaultPolicy;
  const isKnown = isMapping(given) && Object.keys(mapping(given.metadata)).length === 0;
  const yaml = isKnown ? goYaml(typed(given, holds("auditOmitsManagedFields", rkeVersion))) : undefined;
  return yaml === undefined ? undefined : md5(yaml);
}

/** The policy's fields by k8s.io/apiserver/pkg/apis/audit/v1/types.go; `rules` is null if there are none. */
function typed(policy: Record<string, unknown>, withManagedFields: boolean): Json {
  return {
    apiVersion: text(policy.apiVersion),
    kind: text(policy.kind),
    metadata: { creationTimestamp: null },
    ...(withManagedFields ? { omitManagedFields: policy.omitManagedFields === true || undefined } : {}),
    omitStages: list(policy.omitStages),
    rules: Array.isArray(policy.rules) ? policy.rules.map((rule) => typedRule(mapping(rule), withManagedFields)) : null,
  };
}

const typedRule = (rule: Record<string, unknown>, withManagedFields: boolean): Json => ({
  level: typeof rule.level === "string" ? rule.level : "",
  namespaces: list(rule.namespaces),
  nonResourceURLs: list(rule.nonResourceURLs),
  // a pointer in Go: false is kept
  ...(withManagedFields && typeof rule.omitManagedFields === "boolean"
    ? { omitManagedFields: rule.omitManagedFields }
    : {}),
  omitStages: list(rule.omitStages),
  resources:
    Array.isArray(rule.resources) && rule.resources.length > 0
      ? rule.resources.map(mapping).map(({ group, resources, resourceNames }) => ({
          group: text(group),
          resourceNames: list(resourceNames),
          resources: list(resources),
        }))
      : undefined,
  userGroups: list(rule.userGroups),
  users: list(rule.users),
  verbs: list(rule.verbs),
});

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const list = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
