/** Makes, cuts, heals and removes the namespaces and links of a network plan. */
import { existsSync, statSync } from "node:fs";
import { allStats, type ProcessMark } from "../machine/processes";
import { LabError, must, run } from "../machine/run";
import { type DatacenterPlan, fabricLines, type NetworkPlan, operatorLines } from "./network-plan";

export const namespacePath = (name: string): string => `/run/netns/${name}`;

/** The start of a command that runs in a network namespace; `ip netns exec` would hide the cgroups. */
export const inNamespace = (name: string, ...argv: string[]): string[] => [
  "nsenter",
  `--net=${namespacePath(name)}`,
  "--",
  ...argv,
];

export async function makeNetwork(plan: NetworkPlan): Promise<void> {
  for (const name of [plan.fabric, plan.operator]) {
    if (existsSync(namespacePath(name)))
      throw new LabError(
        `network namespace ${name}: must not exist before up, exists: run \`npm run lab -- down\` first`,
      );
    await must(["ip", "netns", "add", name]);
  }
  await batch(plan.fabric, fabricLines(plan));
  await batch(plan.operator, operatorLines(plan));
  // The operator answers and asks on the link that an address belongs to, and forwards nothing between datacenters.
  const settings = { "all/arp_ignore": 1, "all/arp_announce": 2, "all/forwarding": 0 };
  const lines = Object.entries(settings).map(([key, value]) => `echo ${value} > /proc/sys/net/ipv4/conf/${key}`);
  await must(inNamespace(plan.operator, "sh", "-ec", lines.join("\n")));
}

/**
 * Takes the host's interface away. Its network namespace can outlive its processes for minutes (sockets hold it), and
 * its kernel would go on refusing connections at the address where a host without power is silent.
 */
export async function unplug(plan: NetworkPlan, host: string): Promise<void> {
  const found = plan.datacenters.flatMap((dc) => dc.hosts).find(({ name }) => name === host);
  if (found) await run(["ip", "-n", plan.fabric, "link", "del", found.port]);
}

/** Gives the host whose init process is `pid` its interface eth0. A link left over from before a power-off goes first. */
export async function plugIn(plan: NetworkPlan, host: string, pid: number): Promise<void> {
  for (const dc of plan.datacenters) {
    const found = dc.hosts.find(({ name }) => name === host);
    if (!found) continue;
    await run(["ip", "-n", plan.fabric, "link", "del", found.port]);
    await batch(plan.fabric, [
      `link add ${found.port} type veth peer name eth0 address ${found.mac} netns ${pid}`,
      `link set ${found.port} master ${dc.bridge} up`,
    ]);
    await must(["nsenter", "-t", String(pid), "-n", "ip", "-batch", "-"], {
      input: [
        "link set lo up",
        ...found.addresses.map((address) => `addr add ${address}/${plan.prefixLength} dev eth0`),
        "link set eth0 up",
        "",
      ].join("\n"),
    });
    return;
  }
  throw new LabError(`host ${host}: is not in the network plan`);
}

export async function setLink(plan: NetworkPlan, link: string, state: "up" | "down"): Promise<void> {
  await must(["ip", "-n", plan.fabric, "link", "set", link, state]);
}

export type LinkStates = Record<string, "up" | "cut" | "missing">;

/** Each datacenter's link to the core. */
export const linkStates = (plan: NetworkPlan): Promise<LinkStates> => statesOf(plan, ({ uplink }) => uplink);

/** Each datacenter's link to the operator. */
export const operatorLinkStates = (plan: NetworkPlan): Promise<LinkStates> =>
  statesOf(plan, ({ operatorPort }) => operatorPort);

async function statesOf(plan: NetworkPlan, linkOf: (dc: DatacenterPlan) => string): Promise<LinkStates> {
  const shown = await run(["ip", "-n", plan.fabric, "-j", "link", "show"]);
  const links = shown.code === 0 ? (JSON.parse(shown.stdout) as { ifname: string; flags: string[] }[]) : [];
  return Object.fromEntries(
    plan.datacenters.map((dc) => {
      const link = links.find(({ ifname }) => ifname === linkOf(dc));
      return [dc.name, !link ? "missing" : link.flags.includes("UP") ? "up" : "cut"];
    }),
  );
}

/** Processes in a network namespace. */
export function processesIn(namespace: string): (ProcessMark & { name: string })[] {
  const inode = inodeOf(namespacePath(namespace));
  if (!inode) return [];
  return allStats().filter((stat) => stat.state !== "Z" && inodeOf(`/proc/${stat.pid}/ns/net`) === inode);
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

/** Removes both namespaces, and with them every link that has an end there. */
export async function removeNetwork(plan: Pick<NetworkPlan, "fabric" | "operator">): Promise<void> {
  for (const name of [plan.operator, plan.fabric])
    if (existsSync(namespacePath(name))) await must(["ip", "netns", "del", name]);
}

async function batch(namespace: string, lines: string[]): Promise<void> {
  await must(["ip", "-n", namespace, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}
