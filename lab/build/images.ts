/** The root file systems of the lab's images, under the names and with the entry points that RKE expects. */
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { must } from "../machine/run";
import { put, putLibraries } from "./files";

export interface ImageSources {
  /** Folder of the Kubernetes programs. */
  kubernetes: string;
  /** Folder of the lab's own image programs. */
  programs: string;
  /** etcd and what stands beside it in its image; paths. */
  etcd: string[];
  busybox: string;
}

export interface Image {
  name: string;
  /** Lines for `docker import --change`. */
  changes?: string[];
  fill: (root: string, sources: ImageSources) => Promise<void>;
}

const ENTRYPOINT =
  '#!/bin/sh\n# RKE starts every Kubernetes process through this file of its tools image.\nexec "$@"\n';

/** The names of a kubernetes_version's images. */
export interface ReleaseImages {
  etcd: string;
  kubernetes: string;
  tools: string;
  pause: string;
}

/** The lab's images: the same programs under the names of any version. */
export const imagesOf = (names: ReleaseImages): Image[] => [
  {
    name: names.etcd,
    fill: async (root, sources) => {
      for (const program of sources.etcd) put(program, join(root, "usr/local/bin", basename(program)));
      for (const program of sources.etcd) await putLibraries(root, program);
    },
  },
  {
    name: names.kubernetes,
    fill: async (root, { kubernetes, programs }) => {
      for (const program of ["kubelet", "kube-proxy"])
        put(join(programs, program), join(root, "usr/local/bin", program));
      put(join(kubernetes, "kubectl"), join(root, "usr/local/bin/kubectl"));
      put(join(programs, "known-flags"), join(root, "usr/local/bin/known-flags"));
      for (const program of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
        const real = join(root, "usr/local/real", program);
        put(join(kubernetes, program), real);
        await putLibraries(root, real);
        writeFileSync(`${real}.flags`, knownList((await must([real, "--help"])).stdout));
        linkSync(join(root, "usr/local/bin/known-flags"), join(root, "usr/local/bin", program));
      }
    },
  },
  {
    name: names.tools,
    // RKE creates its state deployer without any command.
    changes: ["VOLUME /opt/rke-tools", 'CMD ["/bin/sh"]'],
    fill: async (root, { programs }) => {
      for (const program of ["nginx-proxy", "cert-deployer"])
        put(join(programs, program), join(root, "usr/bin", program));
      mkdirSync(join(root, "opt/rke-tools"), { recursive: true });
      writeFileSync(join(root, "opt/rke-tools/entrypoint.sh"), ENTRYPOINT, { mode: 0o755 });
    },
  },
  // Newer releases of RKE look for it on each host; no container of the lab is made of it.
  { name: names.pause, fill: async () => {} },
];

/** Makes an image's root: busybox with all its commands, the usual folders, and what the image is for. */
export async function makeRoot(root: string, image: Image, sources: ImageSources): Promise<void> {
  for (const folder of [
    "bin",
    "etc",
    "lib",
    "lib64",
    "opt",
    "proc",
    "root",
    "sys",
    "tmp",
    "usr/bin",
    "usr/local/bin",
    "var/lib",
    "var/log",
  ])
    mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  put(sources.busybox, join(root, "bin/busybox"));
  for (const command of (await must([sources.busybox, "--list"])).stdout.split("\n"))
    if (command && command !== "busybox") symlinkSync("busybox", join(root, "bin", command));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  await image.fill(root, sources);
}

/** The flags, and admission plugins, that a Kubernetes binary's help names: a line each, as `known-flags` reads them. */
export function knownList(help: string): string {
  const flags = [...help.matchAll(/^ {2,6}(?:-\w, )?--([a-z0-9][\w-]*)/gm)].map((match) => `flag ${match[1]}`);
  const names = /--enable-admission-plugins .*?list of admission plugins: ([\w, ]+)\./.exec(help)?.[1] ?? "";
  const plugins = names
    .split(", ")
    .filter(Boolean)
    .map((name) => `plugin ${name}`);
  return `${[...flags, ...plugins].join("\n")}\n`;
}
