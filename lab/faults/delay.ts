/**
 * Delay between datacenters: by the kernel's netem, or where it has none by a relay in each datacenter's uplink. Each way
 * between two datacenters leads out of one uplink, so a packet waits once.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { type GoBuild, goBuild } from "../build/go-build";
import { withLock } from "../machine/lock";
import { findProgram } from "../machine/packages";
import { kill } from "../machine/processes";
import { say } from "../machine/progress";
import { all, LabError, must, type Result, run, until } from "../machine/run";
import { inNamespace, processesIn } from "../network/network";
import { type DatacenterPlan, linkName, type NetworkPlan } from "../network/network-plan";
import type { Place } from "../state/place";

const RELAY = "relay";
const relay: GoBuild = {
  name: RELAY,
  source: join(__dirname, "relay"),
  programs: { [RELAY]: "." },
  ldflags: "-s -w",
  static: true,
};

/** Replaces an earlier delay. */
export async function delayLinks(place: Place, plan: NetworkPlan, milliseconds: number): Promise<void> {
  await undelayLinks(plan);
  if (milliseconds === 0 || (await useNetem(plan, milliseconds))) return;
  const folder = await withLock(place.cache, "the cache of builds", 3600, () => goBuild(place.cache, relay));
  say("slow-link: this machine lacks netem (CONFIG_NET_SCH_NETEM) or tc: the lab's own relay delays the packets");
  await all(plan.datacenters.map((dc) => putRelay(plan, dc, join(folder, RELAY), milliseconds)));
}

export async function undelayLinks(plan: NetworkPlan): Promise<void> {
  if ((await linkDelay(plan)) === 0) return;
  const relays = processesIn(plan.fabric).filter(({ name }) => name === RELAY);
  for (const mark of relays) kill(mark);
  for (const dc of plan.datacenters) {
    await tc(plan, "qdisc", "del", "dev", dc.uplink, "root");
    await run(["ip", "-n", plan.fabric, "link", "del", outer(dc)]);
    await must(["ip", "-n", plan.fabric, "link", "set", dc.uplink, "master", dc.bridge]);
  }
}

/** Milliseconds; 0 where none is set. */
export async function linkDelay(plan: NetworkPlan): Promise<number> {
  const [queues, links] = await Promise.all([
    tc(plan, "-j", "qdisc", "show"),
    run(["ip", "-n", plan.fabric, "-j", "link", "show"]),
  ]);
  const byNetem = queues.code === 0 ? readNetem(queues.stdout) : 0;
  return byNetem > 0 || links.code !== 0 ? byNetem : readRelay(links.stdout);
}

/** Reads `tc -j qdisc show`, which gives seconds. */
export function readNetem(json: string): number {
  const shown = JSON.parse(json) as { kind: string; options?: { delay?: { delay?: number } } }[];
  const netem = shown.find(({ kind }) => kind === "netem");
  return Math.round((netem?.options?.delay?.delay ?? 0) * 1000);
}

/** Reads `ip -j link show`: the relay's link has its delay as an alias. */
export function readRelay(json: string): number {
  const links = JSON.parse(json) as { ifalias?: string }[];
  const aliases = links.flatMap(({ ifalias }) => /^delay (\d+)$/.exec(ifalias ?? "")?.[1] ?? []);
  return Number(aliases[0] ?? 0);
}

/** Some distributions keep tc in a package of its own. */
async function tc(plan: NetworkPlan, ...args: string[]): Promise<Result> {
  if (!findProgram("tc")) return { code: 127, stdout: "", stderr: "tc is missing" };
  return run(["tc", "-n", plan.fabric, ...args]);
}

/** False where netem isn't to be had. */
async function useNetem(plan: NetworkPlan, milliseconds: number): Promise<boolean> {
  for (const { uplink } of plan.datacenters) {
    const delay = ["netem", "delay", `${milliseconds}ms`, "limit", "100000"];
    const set = await tc(plan, "qdisc", "replace", "dev", uplink, "root", ...delay);
    if (/tc is missing|qdisc kind is unknown|No such file/.test(set.stderr)) return false;
    if (set.code !== 0) throw new LabError(`slow-link ${milliseconds}: tc: ${set.stderr.trim()}`);
  }
  return true;
}

/** The relay's link to the bridge, in the place of the uplink, and its end of it. */
const outer = (dc: DatacenterPlan): string => linkName("slow-", dc.name);
const inner = (dc: DatacenterPlan): string => linkName("in-", dc.name);

async function putRelay(plan: NetworkPlan, dc: DatacenterPlan, program: string, milliseconds: number) {
  const lines = [
    `link add ${outer(dc)} type veth peer name ${inner(dc)}`,
    `link set ${outer(dc)} alias "delay ${milliseconds}"`,
    `link set ${dc.uplink} nomaster`,
    `link set ${outer(dc)} master ${dc.bridge} up`,
    `link set ${inner(dc)} up`,
  ];
  await must(["ip", "-n", plan.fabric, "-batch", "-"], { input: `${lines.join("\n")}\n` });
  const [command = "", ...args] = inNamespace(plan.fabric, program, inner(dc), dc.uplink, String(milliseconds));
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  await until(`slow-link: the relay of datacenter ${dc.name}`, 10, () => {
    if (child.exitCode !== null) throw new LabError(`slow-link: the relay of datacenter ${dc.name}: ${said.trim()}`);
    return said.includes("ready");
  });
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}
