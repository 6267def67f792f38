import { factsOf, type Observation } from "../../facts/observation";
import { installerOf } from "../../installers/installers";
import { type Step, step, stepNames } from "../../steps/steps";
import { knownHosts } from "../../topology/known-hosts";
import { controlPlane } from "../../topology/order";
import type { Site } from "../../topology/site";
import { type Host, sshTarget, type Topology } from "../../topology/topology";
import { plainIp } from "../../values/addresses";

/** A command on the operator's machine that makes the name of the API lead to a host, and what it is told by its environment. */
export interface EndpointMove {
  command: string;
  env: Record<string, string>;
}

/**
 * The topology's own command, to make the API's name lead to `to`; undefined if it has none, or if the cluster has no such name.
 * Its environment: RKE_DR_ENDPOINT (the name, without port), RKE_DR_TO (the host's address), RKE_DR_SERVERS (addresses of all API servers, for
 * load balancers) and RKE_DR_LOGINS (USER@ADDRESS:PORT of all hosts that are left, for hosts files), the lists separated by spaces; and for these logins
 * RKE_DR_SSH_KEY (the key's path; empty: the agent's) and RKE_DR_KNOWN_HOSTS (lines of known_hosts for the pinned keys).
 */
export function endpointMove(topology: Topology, { hosts }: Pick<Site, "hosts">, to: Host): EndpointMove | undefined {
  const endpoint = installerOf(topology).sharedEndpoint(topology);
  const command = topology.endpoint?.move;
  return endpoint === undefined || command === undefined
    ? undefined
    : {
        command,
        env: {
          RKE_DR_ENDPOINT: endpoint.name,
          RKE_DR_TO: to.internalAddress,
          RKE_DR_SERVERS: controlPlane(hosts)
            .map((h) => h.internalAddress)
            .join(" "),
          RKE_DR_LOGINS: hosts.map((h) => sshTarget(topology, h)).join(" "),
          RKE_DR_SSH_KEY: topology.ssh.agent ? "" : topology.ssh.keyPath,
          RKE_DR_KNOWN_HOSTS: knownHosts(topology, hosts),
        },
      };
}

/** How a host is asked where the API's name leads. */
export interface EndpointCheck {
  /** Addresses to which it must not lead. */
  lost: Host[];
  /** True if the act ends with an error if it leads elsewhere; else a host only reports it. */
  must: boolean;
}

/** The input of on-host/installers/kubeadm/endpoint.sh; undefined if the cluster has no such name. */
export function endpointData(
  settings: Pick<Topology, "installer" | "kubeadm">,
  check: EndpointCheck,
): string | undefined {
  const endpoint = installerOf(settings).sharedEndpoint(settings);
  return endpoint === undefined
    ? undefined
    : [
        `name=${endpoint.name}`,
        `port=${endpoint.port}`,
        `lost=${controlPlane(check.lost).map(addressOf).join(" ")}`,
        `must=${check.must ? "yes" : "no"}`,
      ].join("\n");
}

/** A step on each of these hosts: the API must answer by its name; none if the cluster has no such name. */
export function endpointSteps(
  settings: Pick<Topology, "installer" | "kubeadm">,
  hosts: Host[],
  check: EndpointCheck,
  after: Step[],
): Step[] {
  const data = endpointData(settings, check);
  return data === undefined
    ? []
    : hosts.map((host) =>
        step("endpoint", host, "KubeApiServer", {
          data,
          after: stepNames(after),
          words: check.must
            ? "see that the API answers by controlPlaneEndpoint, and is this act's"
            : "tell where controlPlaneEndpoint leads; the operator moves it by hand",
        }),
      );
}

/** The control plane host to which the API's name leads by what hosts report; undefined if it leads to none, or hosts disagree. */
export function endpointLeadsTo(hosts: Host[], seen: Observation): Host | undefined {
  const led = hosts.flatMap((h) => {
    const addresses = factsOf(seen, h)?.endpoint?.addresses ?? [];
    return controlPlane(hosts).filter((c) => addresses.some((a) => plainIp(a) === addressOf(c)));
  });
  return new Set(led.map((h) => h.name)).size === 1 ? led[0] : undefined;
}

const addressOf = (host: Host): string => plainIp(host.internalAddress);
