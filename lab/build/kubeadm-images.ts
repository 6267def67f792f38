/** The images of a kubeadm cluster under the names that kubeadm asks for, with the real programs and nothing else in them. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError, must } from "../machine/run";
import { put, putLibraries, sha256Of } from "./files";

export interface KubeadmImageSources {
  /** Folder of the Kubernetes programs. */
  kubernetes: string;
  /** Folder of etcd, etcdctl, etcdutl. */
  etcd: string;
  /** Folder of the lab's `pause`. */
  pause: string;
  busybox: string;
}

/** An image with a shell, for pods and tests; kubeadm's own have none. */
export const SHELL_IMAGE = "registry.lab.test/busybox:1";

/** Images that kubeadm names and this lab's clusters don't use: the phase that would start them is skipped. */
const UNUSED = ["kube-proxy", "coredns"];

/** Image names without those that aren't used, from what `kubeadm config images list` prints. */
export const usedImages = (listed: string): string[] =>
  listed
    .split("\n")
    .map((line) => line.trim())
    .filter((name) => name !== "" && !UNUSED.includes(componentOf(name)));

/** "etcd" of registry.k8s.io/etcd:3.6.16-0 */
export const componentOf = (image: string): string => basename(image).replace(/[:@].*$/, "");

/** Fills `root` with an image's files; returns what a container of it runs if it names no command. */
async function fill(root: string, image: string, sources: KubeadmImageSources): Promise<string[]> {
  const component = componentOf(image);
  switch (component) {
    case "kube-apiserver":
    case "kube-controller-manager":
    case "kube-scheduler": {
      const program = join(root, "usr/local/bin", component);
      put(join(sources.kubernetes, component), program);
      await putLibraries(root, program);
      return [];
    }
    case "etcd":
      for (const program of ["etcd", "etcdctl", "etcdutl"])
        put(join(sources.etcd, program), join(root, "usr/local/bin", program));
      return [];
    case "pause":
      put(join(sources.pause, "pause"), join(root, "pause"));
      return ["/pause"];
    case "busybox":
      put(sources.busybox, join(root, "bin/busybox"));
      mkdirSync(join(root, "usr/bin"), { recursive: true });
      await must(["chroot", root, "/bin/busybox", "--install", "-s", "/bin"]);
      return [];
    default:
      throw new LabError(`image ${image}: must be one that the lab can make, is of the unknown component ${component}`);
  }
}

/**
 * Writes an archive as `docker save` makes it (image-spec v1.2), which `ctr images import` reads.
 * @param work an empty folder
 */
export async function writeArchive(work: string, images: string[], sources: KubeadmImageSources): Promise<string> {
  const folder = join(work, "archive");
  mkdirSync(folder, { recursive: true });
  const manifest: { Config: string; RepoTags: string[]; Layers: string[] }[] = [];
  for (const image of images) {
    const root = join(work, componentOf(image));
    for (const path of ["etc", "tmp"]) mkdirSync(join(root, path), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    const entrypoint = await fill(root, image, sources);
    const layer = `${componentOf(image)}.tar`;
    await must(["tar", "-C", root, "--owner=0", "--group=0", "--sort=name", "-cf", join(folder, layer), "."]);
    await must(["rm", "-rf", "--one-file-system", root]);
    const config = JSON.stringify({
      architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch,
      os: "linux",
      config: {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        ...(entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${await sha256Of(join(folder, layer))}`] },
      history: [{ created_by: "the lab of rke-dr" }],
    });
    const configFile = `${componentOf(image)}.json`;
    writeFileSync(join(folder, configFile), config);
    manifest.push({ Config: configFile, RepoTags: [image], Layers: [layer] });
  }
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const archive = join(work, "images.tar");
  await must(["tar", "-C", folder, "-cf", archive, "."]);
  await must(["rm", "-rf", "--one-file-system", folder]);
  return archive;
}
