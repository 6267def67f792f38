import type { FailoverPlan } from "../failover";
import { factsOf, type Observation } from "../observation";
import { releaseOf } from "../releases";
import type { Host, Topology } from "../topology";

/**
 * Images that the act and its `rke up` start on the survivors. In a disaster nothing should have to be pulled: the
 * registry may be gone with the other side, and Docker's API pulls nothing when it creates a container.
 */
export function imageProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    // without docker there is no list: guard `rights` says so
    if (!facts?.tools.docker) {
      return [];
    }
    const has = new Set(facts.preflight.images);
    return neededImages(topology, plan, seen, host)
      .filter(({ image }) => !has.has(named(image)))
      .map(
        ({ image, by }) =>
          `${host.name}: image ${image} (${by}) must be on the host, is missing: \`docker pull\` it there`,
      );
  });
}

function neededImages(
  topology: Topology,
  plan: FailoverPlan,
  seen: Observation,
  host: Host,
): { image: string; by: string }[] {
  const etcd = plan.etcd?.host.name === host.name ? [{ image: plan.etcd.after.image, by: "etcd" }] : [];
  const api = plan.apiServers
    .filter((a) => a.host.name === host.name)
    .map((a) => ({ image: a.after.image, by: "kube-apiserver" }));
  const rke = [{ image: toolsImage(topology, seen, host), by: "rke's own containers" }];
  return [...etcd, ...api, ...rke];
}

/** What RKE runs beside the cluster's processes; from a private registry where the host's other containers are. */
function toolsImage(topology: Topology, seen: Observation, host: Host): string {
  const { hyperkubeImage, toolsImage } = releaseOf(topology.kubernetesVersion);
  const running = factsOf(seen, host)?.containers.kubelet?.Config.Image ?? hyperkubeImage;
  const registry = running.endsWith(hyperkubeImage) ? running.slice(0, -hyperkubeImage.length) : "";
  return `${registry}${toolsImage}`;
}

/** As docker lists it: a name without a tag means `latest`; a digest or an ID is listed as it stands. */
const named = (image: string): string =>
  image.includes("@") || image.startsWith("sha256:") || /:[^/]+$/.test(image) ? image : `${image}:latest`;
