import { docker } from "../../runtimes/docker/docker";
import type { Installer } from "../installer";

/** RKE v1: every process is a container of docker. */
export const rke: Installer = { name: "rke", runtimeOf: () => docker };
