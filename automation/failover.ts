import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { lastReport } from "../cli/report";
import { stackTopology } from "../cli/topology-file";
import type { ActReport } from "../evidence/act-report";
import { ActError } from "./act-error";
import { type ActEvent, actEvents } from "./events";
import { backendFolder, describeLock, locksOn, takeLeftLocks } from "./locks";
import { pulumiCommand } from "./pulumi";

export type { ActReport, ReportedHost, ReportedStep, SetAside } from "../evidence/act-report";
export type { AgainstTarget, Gap } from "../evidence/targets";
export { ActError } from "./act-error";
export type { ActEvent } from "./events";

/** The stack's settings, as docs/runbook.md explains them. Those that are left out stay as the stack's file has them. */
export interface FailoverConfig {
  /** The datacenter that is lost. */
  lost?: string;
  /** One more than the highest epoch on the hosts; the same again to resume an act. */
  epoch?: number;
  recover?: { from?: string; method?: string };
  /** "DATACENTER@EPOCH"; null takes it out. */
  confirm?: string | null;
  /** "powered-off@DATACENTER@EPOCH"; null takes it out. */
  attest?: string | null;
  /** "by-hand@DATACENTER@EPOCH": you move controlPlaneEndpoint yourself; null takes it out. */
  endpoint?: string | null;
}

export interface FailoverOptions {
  /** The folder of the Pulumi project; its Pulumi.yaml or the stack's own file has the topology. Default: the working directory. */
  project?: string;
  /** Default: "failover". It is made if the backend has none of that name. */
  stack?: string;
  config?: FailoverConfig;
  /** Environment of Pulumi beside this process's own, such as PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE. */
  env?: Record<string, string>;
  onEvent?: (event: ActEvent) => void;
}

export interface Preview {
  /** What `pulumi preview` says of the act. */
  words: string;
  /** The guards that stop `up`, "GUARD: PROBLEM" each; empty if `up` would act. */
  stops: string[];
  /** Names of the steps that `up` would run. */
  steps: string[];
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

/**
 * Opens the stack of a failover with the Pulumi CLI on PATH, and keeps `config` in its file; nothing of the cluster is touched.
 * @throws Error if the folder has no Pulumi.yaml, its topology has errors, or Pulumi can't open the stack
 */
export async function failover(options: FailoverOptions = {}): Promise<Failover> {
  const { stack: stackName = "failover", config = {}, env = {}, onEvent = () => undefined } = options;
  const workDir = resolve(options.project ?? ".");
  const file = join(workDir, "Pulumi.yaml");
  if (!existsSync(file)) throw new Error(`project: must be a folder with a Pulumi.yaml: ${workDir}`);
  const topology = stackTopology(workDir, stackName);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName, workDir },
    { envVars: { RKE_DR_COLUMNS: "0", ...env }, pulumiCommand: await pulumiCommand(env) },
  );
  await keep(stack, config);
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
      };
    },
    async up(word = {}) {
      await keep(stack, word);
      const { result } = await operation((onEngineEvent, signal) =>
        stack.up({ onEvent: onEngineEvent, signal, color: "never" }),
      );
      const report = result.outputs.report?.value as ActReport | undefined;
      return report?.steps === undefined ? undefined : report;
    },
    report: () => lastReport(topology),
    async cancel() {
      const ended = running;
      ended?.cut.abort();
      await ended?.over;
      await takeLock(stack, ended === undefined);
    },
  };
}

/**
 * Takes away a lock that a killed operation of this machine has left. Pulumi's own `cancel` would take all of them, that of an operator whose `up` runs, too.
 * @throws Error if another lock is there, and `strict`
 */
async function takeLock({ name, workspace }: Stack, strict: boolean): Promise<void> {
  const [{ url = "" }, { name: project }] = await Promise.all([workspace.whoAmI(), workspace.projectSettings()]);
  const backend = backendFolder(url);
  const byHand = `if nobody's operation runs, \`pulumi cancel --yes --stack ${name}\` takes it away`;
  const others = backend === undefined ? [] : takeLeftLocks(locksOn(backend, project, name.split("/").at(-1) ?? name));
  if (!strict) return;
  if (others.length > 0) {
    throw new Error(
      `lock: must be one that a killed operation of this machine has left: it is held by ${others.map(describeLock).join(" and ")}; ${byHand}`,
    );
  }
  if (backend === undefined) {
    throw new Error(`lock: must be in a backend of files, else it isn't known who holds it: ${url}; ${byHand}`);
  }
}

/** Sets and removes keys of the stack's configuration, each only if it differs. */
async function keep(stack: Stack, config: FailoverConfig): Promise<void> {
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined) continue;
    if (value === null) {
      await stack.removeConfig(`rke-dr:${key}`);
    } else if (typeof value === "object") {
      for (const [name, text] of Object.entries(value)) {
        await stack.setConfig(`rke-dr:${key}.${name}`, { value: String(text) }, true);
      }
    } else {
      await stack.setConfig(`rke-dr:${key}`, { value: String(value) });
    }
  }
}

function failed(error: unknown, events: ActEvent[], cancelled: boolean): Error {
  const said = events.flatMap((e) => (e.kind === "words" && e.severity === "error" ? [e.text] : []));
  const message = error instanceof Error ? error.message : String(error);
  const began = events.some((e) => e.kind === "step" && e.state === "started");
  if (cancelled) return new ActError("the act was cancelled; the same call goes on with it", false, true);
  return new ActError(said.length > 0 ? said.join("\n") : message, !began, false);
}
