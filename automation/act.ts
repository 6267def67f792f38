import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { lastReport } from "../cli/report";
import type { ActReport } from "../evidence/act-report";
import type { Topology } from "../plan/topology/topology";
import { ActError } from "./act-error";
import { type ActEvent, actEvents } from "./events";
import { type FailoverConfig, keepSettings, takeLock } from "./stacks";

export interface Preview {
  /** What `pulumi preview` says of the act. */
  words: string;
  /** The guards that stop `up`, "GUARD: PROBLEM" each; empty if `up` would act. */
  stops: string[];
  /** Names of the steps that `up` would run. */
  steps: string[];
  /** The act's hash, by which `confirm` pins it; undefined if nothing would run. */
  hash: string | undefined;
}

/** A failover; one operation at a time. */
export interface Failover {
  /** Changes nothing. @throws ActError if the configuration has errors, or Pulumi fails */
  preview(): Promise<Preview>;
  /**
   * Does the failover, or goes on with it.
   * @param config settings that are kept in the stack's file before, such as the operator's word
   * @returns its report; undefined if there is nothing to recover from
   * @throws ActError if a guard stops it, a step fails, or it is cancelled; then it can be called again
   */
  up(config?: FailoverConfig): Promise<ActReport | undefined>;
  /** The report of the cluster's last failover, of an unfinished one too, by the hosts' own records. @throws Error if no host has one */
  report(): Promise<ActReport>;
  /**
   * Ends the running operation after the steps that run now. If none runs, takes away a lock that a killed operation of this machine has left.
   * @throws Error if none runs here, and somebody else has locked the stack
   */
  cancel(): Promise<void>;
}

/** The failover of a stack that is open. */
export function actOn(stack: Stack, topology: Topology, onEvent: (event: ActEvent) => void): Failover {
  let running: { cut: AbortController; over: Promise<unknown> } | undefined;

  /** One operation; what the program says as errors becomes the error. */
  async function operation<T>(
    run: (onEngineEvent: (event: EngineEvent) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<{ result: T; events: ActEvent[] }> {
    if (running) throw new Error("operation: must wait until the one before has ended");
    const events: ActEvent[] = [];
    const cut = new AbortController();
    const work = run(
      actEvents((event) => {
        events.push(event);
        onEvent(event);
      }),
      cut.signal,
    );
    running = { cut, over: work.catch(() => undefined) };
    try {
      return { result: await work, events };
    } catch (error) {
      throw failed(error, events, cut.signal.aborted);
    } finally {
      running = undefined;
    }
  }

  return {
    async preview() {
      const { events } = await operation((onEngineEvent, signal) =>
        stack.preview({ onEvent: onEngineEvent, signal, color: "never" }),
      );
      const words = events.flatMap((e) => (e.kind === "words" ? [e.text] : [])).join("\n");
      return {
        words,
        stops: [...words.matchAll(/^ {2}STOP {2}(.+)$/gm)].map(([, text = ""]) => text),
        steps: events.flatMap((e) => (e.kind === "step" && e.state === "started" ? [e.name] : [])),
        hash: /^The act's hash: ([0-9a-f]{32})$/m.exec(words)?.[1],
      };
    },
    async up(word = {}) {
      await keepSettings(stack, word);
      let report: Partial<ActReport> | undefined;
      await operation((onEngineEvent, signal) =>
        stack.up({
          onEvent: (event) => {
            report = outputsOf(event)?.report ?? report;
            onEngineEvent(event);
          },
          signal,
          color: "never",
        }),
      );
      return report?.steps === undefined ? undefined : (report as ActReport);
    },
    report: () => lastReport(topology, stack.name),
    async cancel() {
      const ended = running;
      ended?.cut.abort();
      await ended?.over;
      await takeLock(stack, ended === undefined);
    },
  };
}

/** The program's outputs, which the engine reports at its end. */
const outputsOf = ({ resOutputsEvent }: EngineEvent): Record<string, Partial<ActReport>> | undefined =>
  resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack" ? resOutputsEvent.metadata.new?.outputs : undefined;

function failed(error: unknown, events: ActEvent[], cancelled: boolean): Error {
  const said = events.flatMap((e) => (e.kind === "words" && e.severity === "error" ? [e.text] : []));
  const message = error instanceof Error ? error.message : String(error);
  const began = events.some((e) => e.kind === "step" && e.state === "started");
  if (cancelled) return new ActError("the act was cancelled; the same call goes on with it", false, true);
  return new ActError(said.length > 0 ? said.join("\n") : message, !began, false);
}
