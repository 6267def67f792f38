/** Whether RKE left alone what the failover had started. */
import type { Drill } from "./drill";
import type { DrillReport } from "./report";

const containers = ["etcd", "kube-apiserver"];

/** The containers that were started while a step ran. @param startedAt by container, as docker reports it */
export function startedWithin(
  startedAt: Readonly<Record<string, string>>,
  step: { startedAt: string; seconds: number },
): string[] {
  const begin = Date.parse(step.startedAt);
  const end = begin + step.seconds * 1000;
  return Object.keys(startedAt).filter((name) => {
    const at = Date.parse(startedAt[name] ?? "");
    return at >= begin && at <= end;
  });
}

/** Checks that `rke up` started neither etcd nor kube-apiserver on its deploy host anew; the hosts' clocks are one. */
export async function rkeLeavesAlone(drill: Drill, steps: DrillReport["failoverSteps"]): Promise<void> {
  const rkeUp = steps.find(({ step }) => step === "rke-up");
  const what = "`rke up` restarts neither etcd nor kube-apiserver on the survivor";
  if (rkeUp === undefined) return drill.check(what, false, "the report has no step rke-up");
  const format = "{{.Name}} {{.State.StartedAt}}";
  const told = await drill.lab.execOn(rkeUp.host, ["docker", "inspect", "-f", format, ...containers]);
  const lines = told.stdout
    .trim()
    .split("\n")
    .map((line) => line.slice(1).split(" ", 2));
  const startedAt = Object.fromEntries(lines.map(([name = "", at = ""]) => [name, at]));
  const missing = containers.filter((name) => !Number.isFinite(Date.parse(startedAt[name] ?? "")));
  const restarted = startedWithin(startedAt, rkeUp);
  const found = missing.length > 0 ? `not found: ${missing.join(", ")}` : `${restarted.length} restarts`;
  drill.check(what, missing.length + restarted.length === 0, [found, ...restarted].join(", "));
}
