import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type ActReport, actReport } from "../evidence/act-report";
import type { Evidence } from "../evidence/evidence";
import { reportHtml } from "../evidence/html";
import { reportMarkdown } from "../evidence/markdown";
import { resultOf } from "./steps";

/** What a deployment exports: each step as its host told it, and for a failover what it started from. */
export function reportSteps(steps: Record<string, remote.Command>): pulumi.Output<unknown[]> {
  return pulumi.all(Object.values(steps).map(resultOf)).apply((results) =>
    results
      .filter((r) => r !== undefined)
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

/** The report of a failover, made from what was recorded before its first change and what the hosts told of its steps. */
export function reportFailover(evidence: Evidence, steps: Record<string, remote.Command>): pulumi.Output<ActReport> {
  return pulumi.all(Object.values(steps).map(resultOf)).apply((results) =>
    actReport(
      evidence,
      results.filter((r) => r !== undefined),
    ),
  );
}

/** The same as files for the deploy host, as `on-host/report.sh` reads them. */
export function reportFiles(evidence: Evidence, steps: Record<string, remote.Command>): pulumi.Output<string> {
  const name = `epoch-${evidence.epoch}`;
  return reportFailover(evidence, steps).apply((report) =>
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

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();
