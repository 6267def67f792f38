import { etcdServers } from "../../installers/rke/kube-apiserver";
import { controlPlane } from "../../topology/order";
import type { Host } from "../../topology/topology";
import { type Step, step } from "./steps";

/**
 * What an act checks of the API after its `rke up`, whatever the act was.
 *
 * @param server the URL of the kube-apiserver that is asked
 * @param hosts those that the cluster has now
 * @param lost addresses that the endpoints of the Service kubernetes must not have any more
 * @param rkeUp the name of the `rke up` step
 */
export function apiVerification(
  deployHost: Host,
  server: string,
  hosts: Host[],
  lost: string[],
  rkeUp: string,
): Step[] {
  const servers = controlPlane(hosts);
  return [
    ...servers.map((host) =>
      step("verify-servers", host, "Verification", {
        arguments: [etcdServers(hosts, host)],
        after: [rkeUp],
        words: "kube-apiserver's --etcd-servers",
      }),
    ),
    step("verify", deployHost, "Verification", {
      arguments: [server, servers.map((h) => h.internalAddress).join(","), lost.join(",")],
      after: [rkeUp],
      words: "a write, a read, the endpoints of the Service kubernetes",
    }),
  ];
}
