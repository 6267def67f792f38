import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";

/**
 * The checks of the API after any act's `rke up`.
 *
 * @param site the cluster as it is now
 * @param server the URL of the kube-apiserver that is asked
 * @param lost addresses that the endpoints of the Service kubernetes must not have any more
 * @param run the name of the step that runs the installer
 */
export function apiVerification(site: Site, deployHost: Host, server: string, lost: string[], run: string): Step[] {
  const servers = site.controlPlane;
  return [
    ...servers.map((host) =>
      step("verify-servers", host, "Verification", {
        arguments: [installerOf(site).etcdServers(site, host)],
        after: [run],
        words: "kube-apiserver's --etcd-servers",
      }),
    ),
    step("verify", deployHost, "Verification", {
      arguments: [server, servers.map((h) => h.internalAddress).join(","), lost.join(",")],
      after: [run],
      words: "a write, a read, the endpoints of the Service kubernetes",
    }),
  ];
}
