import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { problem } from "./verdict";

/** A kubelet restarts in a loop if it has restarted this often, the last time within so many milliseconds. */
const manyRestarts = 3;
const lately = 120_000;

/**
 * Kubelets that can't start, and pods' containers that will end a kubelet once the act restarts it. A kubelet that only lacks the API is
 * no problem: the failover brings the API back.
 */
export function restartProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((host) => {
    const facts = factsOf(seen, host);
    if (!facts) {
      return [];
    }
    const words = facts.preflight.kubeletWords ?? "";
    return [
      ...facts.preflight.orphans.map((o) =>
        problem(
          `${host.name}: each pod's container must have its sandbox: ${o.name} (${o.id}) has none`,
          `\`docker rm -f ${o.id}\` there`,
          `Else a kubelet that starts ends with "no PodsandBox found with Id '${o.sandbox}...'" (kubernetes/kubernetes#107115)`,
        ),
      ),
      ...(loops(facts, seen.at) && !missesApi.test(words)
        ? [
            problem(
              `${host.name}: the kubelet must run: it restarts in a loop (${facts.processes.kubelet?.restarts} times)${words === "" ? "" : `: ${words}`}`,
              "`docker logs --tail 20 kubelet` there says why: mend that, then `docker restart kubelet`",
            ),
          ]
        : []),
    ];
  });
}

/** Log lines of a kubelet that ended because it reached no API server. */
const missesApi = /CSINode|:6443|connection refused|contact API server/;

function loops(facts: Reachable, at: number): boolean {
  const kubelet = facts.processes.kubelet;
  if (kubelet === undefined || kubelet.restarts < manyRestarts) {
    return false;
  }
  const ran = at + facts.clockSkew - Date.parse(kubelet.startedAt);
  return kubelet.status === "restarting" || ran < lately;
}

/**
 * Sandboxes that are made anew again and again are only reported: a network plugin often needs the API, which is lost.
 */
export function restartWords(hosts: Host[], seen: Observation): string {
  const pods = hosts.flatMap((host) => {
    const facts = factsOf(seen, host);
    return (facts?.preflight.restartedSandboxes ?? [])
      .filter((s) => facts && seen.at + facts.clockSkew - s.createdAt < lately)
      .map((s) => `${s.pod} on ${host.name} (sandbox made ${s.attempt + 1} times)`);
  });
  return pods.length === 0
    ? "no kubelet or sandbox restarts in a loop"
    : `no kubelet does; pods that do: ${pods.join(", ")}`;
}
