import { endpointByHand } from "../acts/failover/attestation";
import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { Host, Topology } from "../topology/topology";
import { endpointHost, isIp, plainIp } from "../values/addresses";
import { problem, type Verdict, verdict } from "./verdict";

/**
 * The API's name must lead to a survivor, or be made to: else workers and administrators reach no API, although it serves. Three ways: it leads there
 * already, from every host that was seen; the topology has a command that moves it; or the operator moves it, and says so.
 */
export function endpointVerdict(topology: Topology, plan: FailoverPlan, seen: Observation): Verdict[] {
  const endpoint = installerOf(topology).sharedEndpoint(topology);
  if (endpoint === undefined) {
    return [];
  }
  const { settings, survivors, server } = plan;
  const notes = endpointNotes(topology, survivors, plan.site.controlPlane, plan.lostHosts, seen);
  const move = topology.endpoint?.move;
  const wanted = endpointByHand(settings);
  const found = settings.endpoint === undefined ? "not set" : `"${settings.endpoint}"`;
  const passes = notes.length === 0 || move !== undefined || settings.endpoint === wanted || plan.stage !== "begins";
  return [
    verdict(
      "endpoint",
      passes
        ? []
        : [
            problem(
              `rke-dr:endpoint: must be "${wanted}", since controlPlaneEndpoint ${endpoint.name} leads to no survivor: ${found}`,
              ...notes,
              `You move it yourself, now or later: \`pulumi config set endpoint ${wanted} --stack failover\``,
              'Or give the topology a command that does it: `endpoint: {move: COMMAND}` (docs/failover.md, "The name of the API")',
            ),
          ],
      notes.length === 0
        ? `controlPlaneEndpoint ${endpoint.name} leads to no lost host`
        : move !== undefined && settings.endpoint !== wanted
          ? `\`up\` makes ${endpoint.name} lead to ${server.name} (${server.internalAddress}) by \`${move}\`, on this machine`
          : `the operator moves ${endpoint.name} by hand`,
    ),
  ];
}

/**
 * Where controlPlaneEndpoint leads from the hosts that were seen, and from the operator's machine, if that is no surviving API server: one sentence for all hosts that agree.
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
  const from = new Map<string, string[]>();
  const views = [
    ...hosts.map((host) => ({ from: host.name, leads: factsOf(seen, host)?.endpoint })),
    { from: "this machine", leads: seen.endpoint },
  ];
  for (const view of views) {
    const { leads } = view;
    if (leads?.name !== name || leads.addresses.some((address) => own.includes(plainIp(address)))) continue;
    const words = leadsTo(leads.addresses, lost);
    // an address of a load balancer's own may lead anywhere
    if (words !== undefined) from.set(words, [...(from.get(words) ?? []), view.from]);
  }
  return [...from].map(
    ([words, those]) =>
      `controlPlaneEndpoint ${name} ${words}, seen from ${those.join(", ")}: ${consequence} until it leads to ${first.name} (${first.internalAddress}). ${wayOn(name, first)}`,
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
