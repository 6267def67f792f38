import { factsOf, type Observation } from "../facts/observation";
import type { Host, Topology } from "../topology/topology";
import { endpointHost, isIp, plainIp } from "../values/addresses";

/**
 * Where controlPlaneEndpoint leads from the hosts that were seen, if that is no surviving API server: one sentence for all hosts that agree.
 * Control plane hosts ask their own kube-apiserver, so they recover without it; workers' kubelets and administrators need it. The
 * certificates of all kube-apiservers have its name, so that only the name has to move.
 *
 * @param serving the hosts on which a kube-apiserver runs after the act
 * @param lost the hosts that are given up
 */
export function endpointNotes(
  topology: Topology,
  hosts: Host[],
  serving: Host[],
  lost: Host[],
  seen: Observation,
): string[] {
  const name = endpointHost(topology.kubeadm?.controlPlaneEndpoint ?? "");
  const [first] = serving;
  if (name === "" || first === undefined) {
    return [];
  }
  const own = serving.flatMap(addressesOf);
  const from = new Map<string, Host[]>();
  for (const host of hosts) {
    const leads = factsOf(seen, host)?.endpoint;
    if (leads?.name !== name || leads.addresses.some((address) => own.includes(plainIp(address)))) continue;
    const words = leadsTo(leads.addresses, lost);
    // an address of a load balancer's own may lead anywhere
    if (words !== undefined) from.set(words, [...(from.get(words) ?? []), host]);
  }
  return [...from].map(
    ([words, those]) =>
      `controlPlaneEndpoint ${name} ${words}, seen from ${those.map((h) => h.name).join(", ")}: ${consequence} until it leads to ${first.name} (${first.internalAddress}). ${wayOn(name, first)}`,
  );
}

const consequence = "workers' kubelets and kubectl reach no API there";

/** Where the name leads if that can't serve. */
function leadsTo(addresses: string[], lost: Host[]): string | undefined {
  if (addresses.length === 0) {
    return "leads nowhere";
  }
  const dead = lost.filter((h) => addresses.some((address) => addressesOf(h).includes(plainIp(address))));
  return dead.length > 0 ? `leads to ${dead.map((h) => h.name).join(", ")}, which is lost` : undefined;
}

const wayOn = (name: string, to: Host): string =>
  isIp(name)
    ? `Give ${to.name} that address; or write its own into \`server:\` of each kubeconfig`
    : `Move it in DNS; or write \`${to.internalAddress} ${name}\` as the first line of /etc/hosts on each of them, and on your own machine`;

const addressesOf = (host: Host): string[] => [plainIp(host.address), plainIp(host.internalAddress)];
