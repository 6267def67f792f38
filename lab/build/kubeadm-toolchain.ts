/** Everything that a kubeadm cluster's hosts need on the machine before one can start: checked first, then installed and built. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownCgroupsProblem } from "../machine/cgroups";
import { installPackages, SYSTEM_PATH } from "../machine/packages";
import { must } from "../machine/run";
import { goldenContainerdRoot } from "./containerd-root";
import { goBuild } from "./go-build";
import { componentOf, usedImages } from "./kubeadm-images";
import { crictl, etcd36, kubeadmHost, kubernetes, pause } from "./programs";
import { inCache, machineProblems, program, thisMachine } from "./toolchain";

export interface KubeadmToolchain {
  /** containerd's root with the images. */
  containerdRoot: string;
  /** kubectl of the control plane's version. */
  kubectl: string;
  /** Programs of a host by name: kubeadm, kubelet, crictl, and etcd's clients. */
  programs: Record<string, string>;
  /** Name of the sandbox image, as kubeadm wants it. */
  pauseImage: string;
}

/** The folder into which Debian puts the plugins of pod networks. */
export const CNI_FOLDER = "/usr/lib/cni";

/** Program to the Debian package that has it; kubeadm's preflight asks for the last three. */
const NEEDED: Record<string, string> = {
  systemctl: "systemd",
  containerd: "containerd",
  ctr: "containerd",
  "host-local": "containernetworking-plugins",
  conntrack: "conntrack",
  ethtool: "ethtool",
  socat: "socat",
};

/** @param configuration kubeadm's ClusterConfiguration, as kubeadm reads it from a file */
export const prepareKubeadm = (cache: string, configuration: string): Promise<KubeadmToolchain> =>
  inCache(cache, [...machineProblems(thisMachine()), ownCgroupsProblem() ?? []].flat(), async () => {
    await installPackages(NEEDED, [CNI_FOLDER, ...SYSTEM_PATH]);
    const kubernetesFolder = await goBuild(cache, kubernetes);
    const hostFolder = await goBuild(cache, kubeadmHost);
    const etcd = await goBuild(cache, etcd36);
    const crictlFolder = await goBuild(cache, crictl);
    const images = usedImages(await imagesOf(join(hostFolder, "kubeadm"), configuration));
    const containerdRoot = await goldenContainerdRoot(cache, images, {
      kubernetes: kubernetesFolder,
      etcd,
      pause: await goBuild(cache, pause),
      busybox: program("busybox"),
    });
    return {
      containerdRoot,
      kubectl: join(kubernetesFolder, "kubectl"),
      programs: {
        kubeadm: join(hostFolder, "kubeadm"),
        kubelet: join(hostFolder, "kubelet"),
        crictl: join(crictlFolder, "crictl"),
        kubectl: join(kubernetesFolder, "kubectl"),
      },
      pauseImage: images.find((image) => componentOf(image) === "pause") ?? "",
    };
  });

/** The images that `kubeadm config images list` prints. @throws LabError with kubeadm's words for a configuration that it refuses */
async function imagesOf(kubeadm: string, configuration: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-kubeadm-"));
  const file = join(folder, "kubeadm.yaml");
  try {
    writeFileSync(file, configuration, { mode: 0o600 });
    return (await must([kubeadm, "config", "images", "list", "--config", file], { timeoutSeconds: 60 })).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
