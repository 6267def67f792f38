import type { Runtime } from "../runtimes/runtime";

/** The processes that an act may replace; all others are the installer's alone. */
export type ReplacedProcess = "etcd" | "kube-apiserver";

/** The program that made the cluster: it decides what runs on each host, and must find nothing to do after an act. */
export interface Installer {
  name: "rke";
  /** What starts the process on the hosts of this installer. */
  runtimeOf(process: ReplacedProcess): Runtime;
}
