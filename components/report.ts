import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { FailoverPlan } from "../plan/failover";
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

export function reportFailover(plan: FailoverPlan, steps: Record<string, remote.Command>) {
  const source = plan.source;
  const firstWrite = steps[`first-write-${plan.deployHost.name}`];
  return {
    act: plan.act,
    epoch: plan.settings.epoch,
    lost: plan.settings.lost,
    method: plan.method,
    reliedOn: [
      ...(plan.settings.attest === undefined ? [] : [`the operator's attestation: ${plan.settings.attest}`]),
      ...(plan.method === "restore" ? ["isolation: the restored etcd refuses the lost hosts"] : []),
    ],
    source: source?.name,
    sourceKind: source?.kind,
    revision: source?.revision,
    dataAsOf: source?.dataAsOf === undefined ? "unknown" : isoTime(source.dataAsOf),
    firstWriteAt: firstWrite && resultOf(firstWrite).apply((r) => r && isoTime(Number(r.facts.acceptedAt))),
    steps: reportSteps(steps),
  };
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();
