import type { remote } from "@pulumi/command";
import type { ScheduledStep } from "../plan/steps/steps";
import type { Host } from "../plan/topology/topology";

/** Is told of an act's steps and their resources, by name, once they are declared. */
export type Watch = (steps: ScheduledStep[], made: Record<string, remote.Command>) => void;

/** The due steps of each host that haven't ended, as of each call. */
export function unfinishedOf(steps: ScheduledStep[], made: Record<string, remote.Command>): () => Map<Host, string[]> {
  const left = new Set(steps.filter((step) => step.due));
  for (const step of left) {
    // a step that fails has no output: what it ran on stays watched until the engine ends the program
    made[step.name]?.stdout.apply(() => left.delete(step));
  }
  return () => {
    const byHost = new Map<Host, string[]>();
    for (const { host, name } of left) {
      byHost.set(host, [...(byHost.get(host) ?? []), name]);
    }
    return byHost;
  };
}

/** Seconds between two questions: what sshd holds against a client that never logs in has faded by then (OpenSSH's PerSourcePenalties). */
const period = 10;

/**
 * Watches the hosts of an act while their steps run. An SSH connection whose host has lost its power ends only after minutes, with words
 * about a connection; this says after about 20 s which host it is, and what to do.
 *
 * @param unfinished a host's steps that haven't ended, for all hosts that have any; none left: the watch is over
 * @param answering those of the hosts that answer at their SSH port
 * @param warn is called each time that a host hasn't answered twice in a row, once
 * @returns a function that ends the watch
 */
export function watchHosts(
  unfinished: () => Map<Host, string[]>,
  answering: (hosts: Host[]) => Promise<Host[]>,
  warn: (words: string) => void,
  seconds = period,
): () => void {
  const missed = new Map<Host, number>();
  let asking = false;
  const ask = async () => {
    const steps = unfinished();
    if (steps.size === 0) {
      clearInterval(timer);
      return;
    }
    const answered = new Set(await answering([...steps.keys()]));
    // what ended meanwhile isn't told
    const still = unfinished();
    for (const [host, names] of steps) {
      const times = answered.has(host) ? 0 : (missed.get(host) ?? 0) + 1;
      missed.set(host, times);
      const left = still.get(host);
      if (times === 2 && left !== undefined) {
        warn(
          silentWords(
            host,
            names.filter((name) => left.includes(name)),
            2 * seconds,
          ),
        );
      }
    }
  };
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void ask()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  }, seconds * 1000);
  // it keeps no program alive
  timer.unref();
  return () => clearInterval(timer);
}

const silentWords = (host: Host, steps: string[], seconds: number): string =>
  [
    `${host.name} (${host.address}) doesn't answer SSH any more, for about ${seconds} s: it has lost its power or its network.`,
    `Not ended there: ${steps.slice(0, 3).join(", ")}${steps.length > 3 ? ` and ${steps.length - 3} more` : ""}.`,
    "Bring the host back, then run the same command again: what has ended stays done, the rest goes on from there.",
  ].join(" ");
