/** The policy as a Pulumi policy pack, for `pulumi preview`, `up` and `policy analyze` (docs/policy.md). */
import {
  type EnforcementLevel,
  PolicyPack,
  type ReportViolation,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from "@pulumi/policy";
import { usualColumns, wrapped } from "../plan/preview/layout";
import { declaredType, readDeclared, readReported } from "../plan/review/declared";
import { type Finding, policy, rehearsalDays, rules, staleAcceptances } from "../plan/review/policy";
import type { Topology } from "../plan/topology/topology";

/** The SDK hands properties out behind a proxy, which can be read and not cloned. */
const plain = (properties: object): unknown => JSON.parse(JSON.stringify(properties));

/** The engine indents a finding by ten columns, where it indents preview's text by four. */
const columns = Math.max(0, Number(process.env.RKE_DR_COLUMNS ?? usualColumns) - 6 || 0);

type Role = ReturnType<typeof readDeclared>["role"];

/** Reports each finding that isn't accepted. A failover is stopped by its guards, never by a rule of peace: there a finding is advice. */
function report(role: Role, words: string[], reportViolation: ReportViolation, urn?: string): void {
  // the form with a level is left out of the SDK's types
  const full = reportViolation as unknown as (violation: {
    message: string;
    urn?: string;
    enforcementLevel?: "advisory";
  }) => void;
  for (const message of words) {
    full({
      message: wrapped(message, columns),
      ...(urn === undefined ? {} : { urn }),
      ...(role === "failover" ? { enforcementLevel: "advisory" } : {}),
    });
  }
}

const wordsOf = (findings: Finding[], rule: Finding["rule"]): string[] =>
  findings.filter((f) => f.rule === rule && f.accepted === undefined).map((f) => `${f.name}: ${f.words}`);

/** A rule of the topology: it stops `up` before any step runs. */
const declaredRule = (
  name: keyof typeof rules,
  words: (topology: Topology, findings: Finding[]) => string[],
): ResourceValidationPolicy => ({
  name,
  description: rules[name],
  enforcementLevel: "mandatory",
  validateResource: (args, reportViolation) => {
    if (args.type !== declaredType) return;
    const { role, topology } = readDeclared(plain(args.props));
    report(role, words(topology, policy(topology)), reportViolation);
  },
});

/**
 * A rule of what hosts report. It is advice unless an organisation's file says otherwise, since the way to fulfil it may lead through `up`: an upgrade, or
 * the building of the cluster that is rehearsed.
 */
const reportedRule = (
  name: Finding["rule"],
  level: EnforcementLevel,
  configSchema?: StackValidationPolicy["configSchema"],
): StackValidationPolicy => ({
  name,
  description: rules[name],
  enforcementLevel: level,
  ...(configSchema ? { configSchema } : {}),
  validateStack: (args, reportViolation) => {
    for (const { type, props, urn } of args.resources) {
      if (type !== declaredType) continue;
      const kept = plain(props);
      const { role, topology } = readDeclared(kept);
      const { days = rehearsalDays } = args.getConfig<{ days?: number }>();
      const findings = policy(topology, { seen: readReported(kept), now: Date.now(), days });
      report(role, wordsOf(findings, name), reportViolation, urn);
    }
  },
});

new PolicyPack("rke-dr", {
  policies: [
    declaredRule("data-loss", (_, findings) => wordsOf(findings, "data-loss")),
    declaredRule("api-left", (_, findings) => wordsOf(findings, "api-left")),
    declaredRule("known-bad-versions", (_, findings) => wordsOf(findings, "known-bad-versions")),
    declaredRule("acceptances", staleAcceptances),
    reportedRule("running-versions", "advisory"),
    reportedRule("rehearsal", "advisory", {
      properties: { days: { type: "integer", minimum: 1, default: rehearsalDays } },
    }),
  ],
});
