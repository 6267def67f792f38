/** Labs of RKE's clusters: the hosts have docker and RKE's images, a deploy host has `rke`. */
import { join } from "node:path";
import { buildRke } from "../../stand-ins/rke/build";
import { DEBIAN_ETCD, KUBERNETES_VERSION } from "../build/programs";
import { etcdFor, releaseImages, USUAL_KUBERNETES, USUAL_RKE } from "../build/releases";
import { prepare } from "../build/toolchain";
import { copyDocker } from "../hosts/images";
import { chooseRke, rkeInstall, rkeLine } from "../hosts/rke-program";
import { missingHere, runcWithin } from "../machine/capabilities";
import { findProgram } from "../machine/packages";
import type { Place } from "../state/place";
import type { LabState } from "../state/state";
import type { InstallerDoor } from "./installer";

export const rke: InstallerDoor = {
  async prepare(place, { rkeVersion = USUAL_RKE, kubernetesVersion = USUAL_KUBERNETES }, chosen) {
    const program = chosen.rke ?? (await chooseRke(process.env, rkeVersion));
    const etcd = etcdFor(kubernetesVersion, chosen.etcd);
    const { dockerRoot, kubectl } = await prepare(place.cache, etcd, releaseImages(kubernetesVersion));
    return {
      record: { etcd, kubectl, rke: program },
      async installed(dc, host) {
        const deploys = dc.deployHost === host.name;
        const install = deploys ? await rkeInstall(program, () => bundleRke(place)) : { programs: {}, scripts: {} };
        const runc = runcWithin(missingHere(), findProgram("runc") ?? "/usr/sbin/runc");
        return {
          programs: { ...install.programs, ...nodeProgram() },
          scripts: { ...install.scripts, ...(runc ? { "/usr/local/sbin/runc": runc } : {}) },
          texts: {},
          copyImages: (folder) => copyDocker(dockerRoot, join(folder, "docker")),
        };
      },
    };
  },

  lines(state) {
    const lacking = missingHere();
    return [
      `etcd: ${state.etcd === DEBIAN_ETCD ? "Debian's 3.4" : `${state.etcd} from Go modules`}`,
      `images: by the names of ${state.topology.kubernetesVersion ?? USUAL_KUBERNETES}; the control plane in them is ${KUBERNETES_VERSION}`,
      rkeLine(programOf(state)),
      ...(lacking.length > 0
        ? [`this machine lacks ${lacking.join(", ")}: containers that ask for them start without`]
        : []),
      "kubelet, kube-proxy, nginx-proxy and RKE's tools image: the lab's STAND-INS",
    ];
  },

  makeCluster: async () => {},

  standIns: (state) => [
    ...(programOf(state).kind === "stand-in" ? ["rke"] : []),
    "kubelet",
    "kube-proxy",
    "nginx-proxy",
    "rke-tools image",
  ],
};

const programOf = (state: LabState): NonNullable<LabState["rke"]> =>
  state.rke ?? { kind: "stand-in", version: USUAL_RKE };

async function bundleRke(place: Place): Promise<string> {
  const file = join(place.cache, "rke-stand-in");
  await buildRke(file);
  return file;
}

/** The stand-in for rke runs on Node; a Node in someone's home folder isn't on the host's disk. */
function nodeProgram(): Record<string, string> {
  const hidden = ["/root/", "/tmp/", "/run/"].some((folder) => process.execPath.startsWith(folder));
  return hidden || !findProgram("node") ? { "/usr/local/bin/node": process.execPath } : {};
}
