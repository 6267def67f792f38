import type { Process } from "../../../runtimes/process";
import type { Topology } from "../../../topology/topology";
import { tagOf, unsaidImages } from "../images";
import { etcdOptions } from "./kubernetes-options";
import { rulesOf } from "./rules";
import { hasKubernetes, knownKubernetes, knownRke, lastRke, releaseImages } from "./table";
import { minorOf } from "./versions";

/** Settings by which RKE may plan otherwise. */
export interface Alternative {
  settings: Pick<Topology, "rkeVersion" | "kubernetesVersion">;
  /** All releases that plan alike with these settings, oldest first. */
  releases: string[];
}

/**
 * The settings with which RKE can have made what runs: the topology's version of Kubernetes, or those with the images that run,
 * with each release that has the version.
 */
export function alternatives(
  topology: Pick<Topology, "rke" | "kubernetesVersion">,
  running: Pick<Process, "name" | "image">[],
): Alternative[] {
  return [...new Set([topology.kubernetesVersion, ...versionsWith(running)])].flatMap((kubernetesVersion) => {
    const alike = new Map<string, string[]>();
    const isSaid = unsaidImages(topology).length === 0;
    for (const rke of [...knownRke, lastRke].filter((r) => isSaid || hasKubernetes(r, kubernetesVersion))) {
      const kind = JSON.stringify([rulesOf(rke), etcdOptions(rke, kubernetesVersion)]);
      alike.set(kind, [...(alike.get(kind) ?? []), rke]);
    }
    return [...alike.values()].map((releases) => ({
      settings: { rkeVersion: releases.at(-1) ?? "", kubernetesVersion },
      releases,
    }));
  });
}

/** The versions of Kubernetes with the images that run; a private registry before the name makes no difference. */
function versionsWith(running: Pick<Process, "name" | "image">[]): string[] {
  const tags = (name: string) => running.filter((p) => p.name === name).map((p) => tagOf(p.image));
  const [etcd, api] = [tags("etcd"), tags("kube-apiserver")];
  const alike = (image: string, found: string[]) => found.length === 0 || found.includes(tagOf(image));
  return api.length === 0
    ? []
    : knownKubernetes.filter((version) => {
        const images = releaseImages(version);
        return images !== undefined && alike(images.hyperkube, api) && alike(images.etcd, etcd);
      });
}

/** The settings that fit best, in words, with what to set. @param fit `own` and `least`: how much differs by the topology, and by them */
export function fitWords(
  topology: Pick<Topology, "rkeVersion" | "kubernetesVersion">,
  fit: { own: number; least: number; releases: string[]; kubernetesVersion: string },
): string[] {
  const { own, least, releases, kubernetesVersion } = fit;
  const isRelease = !releases.includes(topology.rkeVersion);
  const set = [
    ...(isRelease ? [`rkeVersion: ${releases.at(-1)}`] : []),
    ...(kubernetesVersion === topology.kubernetesVersion ? [] : [`kubernetesVersion: ${kubernetesVersion}`]),
  ];
  return [
    `topology.rkeVersion: RKE ${topology.rkeVersion} plans ${own} arguments, variables, binds or images of Kubernetes ${topology.kubernetesVersion} otherwise than they run`,
    `RKE ${releaseWords(releases)} ${least === 0 ? "plans all as they run" : `comes nearest, with ${least}`}`,
    `set ${set.join(" and ")}${isRelease && releases.length > 1 ? ", or what `rke --version` says of these" : ""}`,
  ];
}

/** "v1.3.13 to v1.3.24, v1.4.0 to v1.4.3": releases of a line that follow each other are put together. */
function releaseWords(releases: string[]): string {
  const all = [...knownRke, lastRke];
  const runs: string[][] = [];
  for (const rke of all.filter((r) => releases.includes(r))) {
    const last = runs.at(-1)?.at(-1);
    const follows = last !== undefined && all[all.indexOf(last) + 1] === rke && minorOf(last) === minorOf(rke);
    if (follows) runs.at(-1)?.push(rke);
    else runs.push([rke]);
  }
  return runs.map((run) => (run.length === 1 ? run[0] : `${run[0]} to ${run.at(-1)}`)).join(", ");
}
