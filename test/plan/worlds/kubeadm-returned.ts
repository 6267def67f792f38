import type { EtcdStatus, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { allHosts, type Host, type Topology } from "../../../plan/topology/topology";
import { untouched } from "./kubeadm-world";
import { podsOn, record } from "./observations";

/** A host's facts that are other than usual; of the preflight's, too, only those. */
export type Change = Partial<Omit<Reachable, "preflight">> & { preflight?: Partial<Reachable["preflight"]> };

/** The manifests of a host that the return guard has put in quarantine, each under its name of then. */
export const setAside = (topology: Topology, host: Host): Reachable["processes"] =>
  Object.fromEntries(
    Object.entries(podsOn(topology, host)).map(([name, found]) => {
      const aside = `${name}-before-epoch-2`;
      return [aside, { ...found, name: aside, status: "exited" }];
    }),
  );

/** A kubeadm cluster whose datacenter a has power again after the failover of epoch 2; `change` alters what a host says. */
export const kubeadmReturned = (topology: Topology, change: Record<string, Change> = {}): Observation => ({
  hosts: Object.fromEntries(
    allHosts(topology).map((host) => {
      const whole = untouched(topology, host);
      const only = whole.members.filter((m) => m.name === "cp3");
      const act = "failover:a:forceNewCluster:cp3";
      const facts: Reachable =
        host.datacenter === "b"
          ? { ...whole, epoch: 2, act, members: only, steps: { verify: record("verify", 2, 1) } }
          : {
              ...whole,
              epoch: 1,
              act: "primary",
              etcd: undefined as EtcdStatus | undefined,
              members: [],
              processes: setAside(topology, host),
            };
      const { preflight, ...others } = change[host.name] ?? {};
      return [host.name, { ...facts, ...others, preflight: { ...facts.preflight, ...preflight } }];
    }),
  ),
  answers: [],
  at: 1,
});
