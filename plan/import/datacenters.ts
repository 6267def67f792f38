import type { Mapping } from "../values/mapping";
import { suggestion } from "../values/nearest";
import { importNode } from "./node";
import { nameOf } from "./nodes";
import { type Findings, textOf } from "./reading";

export interface RawDatacenter extends Mapping {
  name: string;
  deployHost: string;
  hosts: Mapping[];
}

/**
 * @param usable the nodes without a mistake: only they are missed in the datacenters
 * @param given hosts of each datacenter, by hostname_override or address
 * @param ssh what SSH to a host needs beyond what is said for all, by its name
 */
export function sortIntoDatacenters(
  nodes: Mapping[],
  usable: Mapping[],
  given: Record<string, string[]>,
  ssh: Record<string, Mapping>,
  found: Findings,
): RawDatacenter[] {
  const wanted = Object.entries(given);
  const is = (node: Mapping, host: string) => nameOf(node) === host.toLowerCase() || node.address === host;
  for (const [dc, hosts] of wanted) {
    for (const host of hosts.filter((h) => !nodes.some((n) => is(n, h)))) {
      const hint = suggestion(host, nodes.map(nameOf));
      found.errors.push(`--datacenter ${dc}: is not a node of cluster.yml (${hint}): ${JSON.stringify(host)}`);
    }
  }
  for (const node of usable) {
    const of = wanted.filter(([, hosts]) => hosts.some((h) => is(node, h))).map(([dc]) => dc);
    if (of.length !== 1) {
      const rule = of.length === 0 ? "is in no datacenter" : `is in more than one datacenter (${of.join(", ")})`;
      found.errors.push(`--datacenter: ${rule}: ${JSON.stringify(nameOf(node))}`);
    }
  }
  return wanted.map(([name, listed]) => {
    const own = nodes.filter((n) => listed.some((h) => is(n, h)));
    const first = own.find((n) => Array.isArray(n.role) && n.role.includes("controlplane"));
    const deploy = first ?? own[0];
    const deployHost = deploy ? nameOf(deploy) : "";
    if (deploy) {
      const why = first ? "its first control plane host" : "its first host, since it has no control plane host";
      found.notes.push(`deploy host of ${name}: ${deployHost}, ${why}; it needs \`rke\``);
    }
    return { name, deployHost, hosts: own.map((n) => importNode(n, name, ssh[nameOf(n)], found)) };
  });
}

/**
 * `order:` where cluster.yml doesn't list the standby's etcd and control plane hosts first. RKE compares --initial-cluster
 * and the names in certificates by text: another order would cost a restart of what has them, so an import keeps it.
 */
export function keptOrder(
  before: string[],
  datacenters: RawDatacenter[],
  standby: string,
  found: Findings,
): { order?: string[] } {
  const standbyFirst = [...datacenters].sort((a, b) => Number(b.name === standby) - Number(a.name === standby));
  const matters = (h: Mapping) => Array.isArray(h.roles) && h.roles.some((r) => r === "etcd" || r === "controlplane");
  const wanted = standbyFirst.flatMap((dc) => dc.hosts.filter(matters).map((h) => textOf(h.name)));
  const was = before.filter((name) => wanted.includes(name));
  if (was.join() === wanted.join()) {
    return {};
  }
  found.notes.push(
    `order: kept, ${was.join(", ")}, so that the next \`rke up\` changes nothing. While ${wanted[0]} isn't first, \`rke up\` after a failover issues the API server's certificate anew and restarts etcd and the control plane (${standby}'s API serves before that). Without \`order:\` that price is paid once, in peace, at the next \`rke up\``,
  );
  return { order: before };
}

/** The side with fewer voters is the one that needs a failover when the other is lost. */
export function chosenStandby(datacenters: RawDatacenter[], found: Findings): string {
  const has = (h: Mapping, role: string) => Array.isArray(h.roles) && h.roles.includes(role);
  const count = (dc: RawDatacenter) => dc.hosts.filter((h) => has(h, "etcd")).length;
  const able = datacenters.filter((dc) => dc.hosts.some((h) => has(h, "controlplane")));
  const fewest = Math.min(...able.map(count));
  const chosen = able.filter((dc) => count(dc) === fewest).at(-1)?.name ?? datacenters.at(-1)?.name ?? "";
  const why =
    able.length === 1
      ? "the only datacenter with a control plane host"
      : "since it has a control plane host and the fewest voters";
  found.notes.push(`standby: ${chosen}, ${why}; --standby says otherwise`);
  return chosen;
}
