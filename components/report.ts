import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type ActReport, actReport, type ReportedHost } from "../evidence/act-report";
import type { Evidence } from "../evidence/evidence";
import { reportMarkdown } from "../evidence/markdown";
import { reportHtml } from "../evidence/page";
import type { StepResult } from "../plan/facts/step-records";
import type { ScheduledStep } from "../plan/steps/steps";
import { resultOf } from "./steps";

/** The stack's output `steps`: each step as its host recorded it. */
export function reportSteps(steps: ScheduledStep[], made: Record<string, remote.Command>): pulumi.Output<unknown[]> {
  return resultsOf(steps, made).apply((results) =>
    results
      .sort((a, b) => a.startedAt - b.startedAt)
      .map((r) => ({
        step: r.step,
        host: r.host,
        startedAt: isoTime(r.startedAt),
        seconds: r.milliseconds / 1000,
        did: r.did,
        ...(Object.keys(r.facts).length > 0 ? { facts: r.facts } : {}),
      })),
  );
}

/** The report of a failover: its evidence, and the hosts' records of its steps. */
export function reportFailover(
  evidence: Evidence,
  steps: ScheduledStep[],
  made: Record<string, remote.Command>,
  hosts: ReportedHost[],
): pulumi.Output<ActReport> {
  return resultsOf(steps, made).apply((results) => actReport(evidence, results, [], { hosts }));
}

/** The same as files for the deploy host, as `on-host/steps/report.sh` reads them. */
export function reportFiles(
  evidence: Evidence,
  steps: ScheduledStep[],
  made: Record<string, remote.Command>,
  hosts: ReportedHost[],
): pulumi.Output<string> {
  const name = `epoch-${evidence.epoch}`;
  return reportFailover(evidence, steps, made, hosts).apply((report) =>
    [
      `@@ ${name}.json`,
      JSON.stringify(report, null, 2),
      `@@ ${name}.md`,
      reportMarkdown(report),
      `@@ ${name}.html`,
      reportHtml(report),
    ].join("\n"),
  );
}

/** Records of the steps whose output can be read. */
function resultsOf(steps: ScheduledStep[], made: Record<string, remote.Command>): pulumi.Output<StepResult[]> {
  const told = steps.flatMap((step) => {
    const command = made[step.name];
    return command ? [resultOf(step, command)] : [];
  });
  return pulumi.all(told).apply((results) => results.filter((r) => r !== undefined));
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();
