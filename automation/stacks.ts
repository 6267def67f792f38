import "../late.js";
import { type ConfigMap, LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { stackConfig } from "../cli/topology-file";
import { isMapping, mapping } from "../plan/values/mapping";
import { backendFolder, describeLock, locksOn, takeLeftLocks } from "./locks";
import { pulumiCommand } from "./pulumi";

/** The stack's settings, as docs/runbook.md explains them. Those that are left out stay as the stack's file has them. */
export interface FailoverConfig {
  /** The datacenter that is lost. */
  lost?: string;
  /** One more than the highest epoch on the hosts; the same again to resume an act. */
  epoch?: number;
  recover?: { from?: string; method?: string };
  /** "DATACENTER@EPOCH"; null takes it out. */
  confirm?: string | null;
  /** "powered-off@DATACENTER@EPOCH", or such a word of each person by name; null takes it out. */
  attest?: string | Record<string, string> | null;
  /** "by-hand@DATACENTER@EPOCH": you move controlPlaneEndpoint yourself; null takes it out. */
  endpoint?: string | null;
}

/**
 * Opens stacks of one project with the Pulumi CLI on PATH, and makes those that the backend doesn't have. Pulumi's version and its stacks are asked for once,
 * whatever their number, and none is selected: each call of Pulumi costs a second of the processor.
 * @throws Error if Pulumi can't open them
 */
export async function openStacks(workDir: string, names: string[], env: Record<string, string>): Promise<Stack[]> {
  const workspace = await LocalWorkspace.create({
    workDir,
    envVars: { RKE_DR_COLUMNS: "0", ...env },
    pulumiCommand: await pulumiCommand(env),
  });
  const known = (await workspace.listStacks()).map(({ name }) => name.split("/").at(-1));
  const opened = Object.assign(Object.create(workspace) as LocalWorkspace, { selectStack: async () => undefined });
  const stacks: Stack[] = [];
  for (const name of names) {
    // one after the other: Pulumi also selects a stack that it makes, in one file for all
    if (!known.includes(name.split("/").at(-1))) await workspace.createStack(name);
    stacks.push(Object.assign(await Stack.select(name, opened), afterwards));
  }
  return stacks;
}

/** After each `up` the SDK asks Pulumi for outputs, twice, and for the history; the events have had what is needed (act.ts). */
const afterwards = { outputs: async () => ({}), info: async () => undefined };

/** Sets and removes keys of the stack's configuration that differ from what its file has; no call of Pulumi if none does. */
export async function keepSettings({ name, workspace }: Stack, settings: FailoverConfig): Promise<void> {
  const now = stackConfig(workspace.workDir, name);
  const plain: ConfigMap = {};
  const nested: ConfigMap = {};
  for (const [key, value] of Object.entries(settings)) {
    const item = `rke-dr:${key}`;
    if (value === undefined) continue;
    if (value === null) {
      if (item in now) await workspace.removeConfig(name, item);
    } else if (typeof value === "object") {
      if (item in now && !isMapping(now[item])) await workspace.removeConfig(name, item);
      const before = mapping(now[item]);
      for (const [part, text] of Object.entries(value)) {
        if (text !== undefined && before[part] !== text) nested[`${item}.${part}`] = { value: String(text) };
      }
    } else if (String(now[item] ?? "") !== String(value)) {
      plain[item] = { value: String(value) };
    }
  }
  if (Object.keys(plain).length > 0) await workspace.setAllConfig(name, plain);
  if (Object.keys(nested).length > 0) await workspace.setAllConfig(name, nested, true);
}

/**
 * Takes away a lock that a killed operation of this machine has left. Pulumi's own `cancel` would take all of them, that of an operator whose `up` runs, too.
 * @throws Error if another lock is there, and `strict`
 */
export async function takeLock({ name, workspace }: Stack, strict: boolean): Promise<void> {
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
