import type { RawDatacenter } from "./datacenters";

export const isSingleHost = (datacenters: RawDatacenter[]): boolean =>
  datacenters.flatMap((dc) => dc.hosts).length === 1;

/** Why there can be no topology, and what would make one. */
export function oneDatacenter(datacenters: RawDatacenter[]): string {
  const names = datacenters.flatMap((dc) => dc.hosts.map((h) => String(h.name)));
  return names.length === 1
    ? `--datacenter: needs two datacenters or more, and the cluster has one host: it can't survive the loss of its datacenter; add hosts in another one first: ${JSON.stringify(names[0])}`
    : `--datacenter: needs two datacenters or more: give it twice, each with the hosts that stand there: ${JSON.stringify(datacenters.map((dc) => dc.name))}`;
}
