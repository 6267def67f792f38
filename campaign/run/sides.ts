/** The hosts of a run, by the part that they play. */
import type { Lab } from "../../lab/lab";
import { LabError } from "../../lab/machine/run";

type Host = ReturnType<Lab["hosts"]>[number];

export interface Sides {
  /** The datacenter that is lost, and the one that survives. */
  lost: string;
  left: string;
  lostHosts: Host[];
  survivors: Host[];
  /** The survivors' deploy host. */
  survivor: Host;
  /** Lost hosts that are members of etcd with a vote, by their order in the topology. */
  lostVoters: string[];
  /** API servers' URLs. */
  servers: (side: string) => string[];
}

/** Gives the lost side its power back, but for hosts that play no part any more. @param others on at the same moment */
export const powerOnLost = (lab: Lab, { lostHosts }: Sides, ...others: string[]): Promise<void> =>
  lab.powerOn(...lostHosts.map(({ name }) => name), ...others);

export async function sidesOf(lab: Lab): Promise<Sides> {
  const hosts = lab.hosts();
  const lost = "a";
  const survivor = hosts.find((h) => h.datacenter !== lost && h.deploys);
  if (!survivor) throw new LabError(`campaign: a datacenter other than ${lost} must have a deploy host`);
  const roles = (host: Host) => host.roles ?? [];
  return {
    lost,
    left: survivor.datacenter,
    lostHosts: hosts.filter((h) => h.datacenter === lost),
    survivors: hosts.filter((h) => h.datacenter !== lost),
    survivor,
    lostVoters: hosts.filter((h) => h.datacenter === lost && roles(h).includes("etcd")).map((h) => h.name),
    servers: (side) =>
      hosts
        .filter((h) => h.datacenter === side && roles(h).includes("controlplane"))
        .map((h) => `https://${h.address}:6443`),
  };
}
