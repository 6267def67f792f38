import { type HeardHost, liveView, type View } from "../../evidence/view";
import type { FailedStep } from "../../plan/facts/preflight";
import type { HostProgress, LogLine } from "../../plan/facts/progress";
import { allHosts } from "../../plan/topology/topology";
import { recordedAct } from "./act";

const silent = (host: string): [string, HeardHost] => [host, { silent: `connect EHOSTUNREACH of ${host}` }];

/** A survivor's reading, with nothing recorded on it. */
export const quiet = (host: string, rest: Partial<HostProgress> = {}): HostProgress => ({
  host,
  epoch: 1,
  act: "primary",
  evidence: undefined,
  steps: [],
  failures: [],
  running: [],
  log: [],
  serves: {},
  ...rest,
});

/** The recorded failover of the seed's cluster, as it is seen a while after its command. */
export class WatchedAct {
  readonly act = recordedAct({ rtoSeconds: 60, rpoSeconds: 300 });

  /** When a step began, Unix milliseconds. */
  begin(step: string): number {
    const found = this.act.results.find((r) => r.step === step);
    if (!found) throw new Error(`the recorded act has no step ${step}`);
    return found.startedAt;
  }

  /** @param at Unix milliseconds of all clocks */
  heard(at: number, { failures = [] as FailedStep[], log = [] as LogLine[] } = {}): Map<string, HeardHost> {
    const { results, evidence, topology, plan } = this.act;
    const lost = new Set(evidence.lostHosts);
    const served = results.find((r) => r.step === "first-write");
    const serves = served !== undefined && served.startedAt + served.milliseconds <= at;
    return new Map(
      allHosts(topology).map(({ name, etcd, roles }): [string, HeardHost] => {
        if (lost.has(name)) return silent(name);
        const own = results.filter((r) => r.host === name);
        const progress = quiet(name, {
          epoch: evidence.epoch,
          act: plan.act,
          evidence: JSON.stringify(evidence),
          steps: own.filter((r) => r.startedAt + r.milliseconds <= at),
          running: own
            .filter((r) => r.startedAt <= at && at < r.startedAt + r.milliseconds)
            .map(({ step, epoch, startedAt }) => ({ step, epoch, startedAt })),
          failures: failures.filter((f) => f.host === name),
          log,
          serves: {
            ...(etcd === "voter" ? { etcd: serves } : {}),
            ...(roles.includes("controlplane") ? { api: serves } : {}),
          },
        });
        return [name, { beat: { at, progress }, heardAt: at }];
      }),
    );
  }

  view(at: number, more: Parameters<WatchedAct["heard"]>[1] = {}): View {
    return liveView(this.act.topology, this.heard(at, more), at, undefined);
  }
}
