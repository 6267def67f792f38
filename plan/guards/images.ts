import type { FailoverPlan } from "../acts/failover/plan";
import { factsOf, type Observation } from "../facts/observation";
import { installerOf } from "../installers/installers";
import type { Host, Topology } from "../topology/topology";
import { commandsOn } from "./commands";
import { problem } from "./verdict";

/** How an image comes to a host that lacks it. */
export const imageWays = (topology: Pick<Topology, "installer">, host: Host, image: string): string[] =>
  commandsOn(topology, [host]).flatMap(({ pull, carry }) => [
    `\`${pull(image)}\` there`,
    `Without a registry: \`${carry(image).from}\` on a host that has it, \`${carry(image).to}\` there`,
  ]);

/**
 * Images that the act and its `rke up` start on the survivors. In a disaster nothing should have to be pulled: the
 * registry may be gone with the other side, and Docker's API pulls nothing when it creates a container.
 */
export function imageProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    // docker doesn't answer, so there is no list of images: guard `rights` reports that
    if (!facts?.tools.runtime) {
      return [];
    }
    const has = new Set(facts.preflight.images);
    return neededImages(topology, plan, host)
      .filter(({ image }) => !has.has(named(image)))
      .map(({ image, by }) =>
        problem(
          `${host.name}: image ${image} (${by}) must be on the host: missing`,
          ...imageWays(topology, host, image),
        ),
      );
  });
}

function neededImages(topology: Topology, plan: FailoverPlan, host: Host): { image: string; by: string }[] {
  const etcd =
    plan.etcd?.host.name === host.name && plan.stage === "begins" ? [{ image: plan.etcd.after.image, by: "etcd" }] : [];
  const joining = plan.others.some((h) => h.name === host.name)
    ? [{ image: installerOf(topology).images(topology).etcd, by: "etcd" }]
    : [];
  const api = plan.apiServers
    .filter((a) => a.host.name === host.name)
    .map((a) => ({ image: a.after.image, by: "kube-apiserver" }));
  const { tools } = installerOf(topology).images(topology);
  const own = tools === undefined ? [] : [{ image: tools, by: "rke's own containers" }];
  return [...etcd, ...joining, ...api, ...own];
}

/** As the runtime lists it: a name without a tag means `latest`; a digest, an ID or a program's path is listed as it stands. */
const named = (image: string): string =>
  image.startsWith("/") || image.includes("@") || image.startsWith("sha256:") || /:[^/]+$/.test(image)
    ? image
    : `${image}:latest`;
