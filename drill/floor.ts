import type { Lab } from "../lab/lab";
import { must } from "../lab/machine/run";
import { drillCluster } from "./cluster";
import type { DrillReport } from "./report";

/**
 * Measures the unavoidable time of a recovery on this machine now: etcd and kube-apiserver of a recovered side, killed and started
 * again, etcd told to elect itself; seconds until the API is ready. A recovery's time says something about the program only compared with it.
 * @param etcd the host of the recovered member @param api the host of the API that is asked, which may be the same
 */
export async function startAgain(lab: Lab, etcd: string, api: string): Promise<number> {
  const { startAgain: script } = drillCluster(lab);
  const on = async (host: string, part: string) => {
    const { stdout } = await must(lab.hostCommand(host, ["bash", "-ec", script, "bash", part]), {
      timeoutSeconds: 180,
    });
    return Number(stdout) / 1000;
  };
  return etcd === api ? on(api, "both") : Math.max(...(await Promise.all([on(etcd, "etcd"), on(api, "api")])));
}

/**
 * How many times the floor the hosts took from the first thing done to etcd to the first write.
 * @throws Error where the report has no first write
 */
export function toFloor(steps: DrillReport["failoverSteps"], floorSeconds: number): number {
  const at = (s: (typeof steps)[number]) => Date.parse(s.startedAt);
  const begin = steps.filter((s) => s.step !== "claim" && s.step !== "preflight").map(at);
  const written = steps.find((s) => s.step === "first-write");
  if (!written) throw new Error("report: must have the step first-write, has not");
  return ((at(written) - Math.min(...begin)) / 1000 + written.seconds) / floorSeconds;
}
