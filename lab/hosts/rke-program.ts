/** The `rke` that deploy hosts get: the stand-in, or the real one where LAB_RKE names it. */
import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { LabError, run } from "../machine/run";
import type { LabState } from "../state/state";

const REAL_ON_HOST = "/usr/local/libexec/rke-v1.2.7";
const ON_HOST = "/usr/local/bin/rke";

export type RkeProgram = NonNullable<LabState["rke"]>;

export interface RkeInstall {
  programs: Record<string, string>;
  scripts: Record<string, string>;
}

/** Finds the rke that this lab uses; refuses a LAB_RKE that is no rke v1.2.7. */
export async function chooseRke(env: NodeJS.ProcessEnv): Promise<RkeProgram> {
  if (!env.LAB_RKE) return { kind: "stand-in" };
  const path = resolve(env.LAB_RKE);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new LabError(`LAB_RKE: must be an executable file, is "${env.LAB_RKE}"`);
  }
  const said = await run([path, "--version"], { timeoutSeconds: 20 });
  const version = /rke version (\S+)/i.exec(said.stdout + said.stderr)?.[1];
  if (version !== "v1.2.7") throw new LabError(`LAB_RKE: must be rke v1.2.7, ${path} says ${version ?? "no version"}`);
  return { kind: "real", path };
}

/** Files for a deploy host. `bundle` makes the stand-in and gives its path. */
export async function rkeInstall(rke: RkeProgram, bundle: () => Promise<string>): Promise<RkeInstall> {
  switch (rke.kind) {
    case "stand-in":
      return { programs: { [ON_HOST]: await bundle() }, scripts: {} };
    case "real":
      return { programs: { [REAL_ON_HOST]: rke.path }, scripts: { [ON_HOST]: wrapper } };
  }
}

/** RKE's port check publishes container ports, which the lab's dockerd, without a bridge, can't. */
const wrapper = `#!/bin/sh
# The real rke. \`up\` gets --disable-port-check, since the lab's docker has no bridge on which to publish ports.
case " $* " in
*" up "*) exec ${REAL_ON_HOST} "$@" --disable-port-check ;;
*) exec ${REAL_ON_HOST} "$@" ;;
esac
`;

export function rkeLine(rke: RkeProgram): string {
  switch (rke.kind) {
    case "stand-in":
      return "rke: the lab's STAND-IN for RKE v1.2.7 (set LAB_RKE=PATH at `up` to use a real one)";
    case "real":
      return `rke: the real v1.2.7 from ${rke.path}, behind a wrapper that adds --disable-port-check to \`up\``;
  }
}
