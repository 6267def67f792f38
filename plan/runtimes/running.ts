import type { Process } from "./process";

/** A process as a host reports it, running or not, whichever runtime started it. */
export interface Running {
  /** As the host lists it: "etcd", or "etcd-before-epoch-2" once an act has set it aside. */
  name: string;
  /** "running", or the runtime's own word for why it doesn't run: "exited", "restarting", ... */
  status: string;
  /** ISO 8601. */
  startedAt: string;
  /** How often the runtime restarted it since an operator or a program last started it. */
  restarts: number;
  /** The epoch whose act made it; undefined if no act did. */
  epoch: number | undefined;
  /** Its command, environment and files in the shape of a plan. */
  process: Process;
  /** The command that its unit has in place of the program itself, such as "/usr/bin/docker stop etcd1"; undefined if there is none. */
  wrapper?: string;
  /** Everything else that the runtime reported; only its own `spec` reads it. */
  reported: unknown;
}

/** If it is there and runs. */
export const isRunning = (found: Running | undefined): found is Running & { status: "running" } =>
  found?.status === "running";
