/** The `rke` that deploy hosts get: the stand-in, or the real one where LAB_RKE names it. */
import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { LabError, run } from "../machine/run";
import type { LabState } from "../state/state";

const ON_HOST = "/usr/local/bin/rke";
const STAND_IN_ON_HOST = "/usr/local/libexec/rke-stand-in";
const METADATA_ON_HOST = "/usr/local/share/rke-metadata.json";

export type RkeProgram = NonNullable<LabState["rke"]>;

export interface RkeInstall {
  programs: Record<string, string>;
  scripts: Record<string, string>;
}

/**
 * Finds the rke that this lab uses.
 * @param version the release that the topology says
 * @throws LabError for a LAB_RKE of another release, and for a LAB_RKE_METADATA that is no file
 */
export async function chooseRke(env: NodeJS.ProcessEnv, version: string): Promise<RkeProgram> {
  if (!env.LAB_RKE) return { kind: "stand-in", version };
  const path = readable("LAB_RKE", "an executable file", env.LAB_RKE, constants.X_OK);
  const said = await run([path, "--version"], { timeoutSeconds: 20 });
  const found = /rke version (\S+)/i.exec(said.stdout + said.stderr)?.[1];
  if (found !== version) {
    const way = found === undefined ? "" : ` (\`--rke ${found}\` replaces it)`;
    throw new LabError(
      `LAB_RKE: must be rke ${version}, the topology's rkeVersion${way}, ${path} says ${found ?? "no version"}`,
    );
  }
  const metadata = env.LAB_RKE_METADATA;
  if (!metadata) return { kind: "real", path, version };
  return { kind: "real", path, version, metadata: readable("LAB_RKE_METADATA", "a file", metadata, constants.R_OK) };
}

function readable(variable: string, rule: string, value: string, mode: number): string {
  const path = resolve(value);
  try {
    accessSync(path, mode);
  } catch {
    throw new LabError(`${variable}: must be ${rule}, is "${value}"`);
  }
  return path;
}

/** Files for a deploy host. `bundle` makes the stand-in and gives its path. */
export async function rkeInstall(rke: RkeProgram, bundle: () => Promise<string>): Promise<RkeInstall> {
  switch (rke.kind) {
    case "stand-in":
      return { programs: { [STAND_IN_ON_HOST]: await bundle() }, scripts: { [ON_HOST]: standInWrapper(rke.version) } };
    case "real": {
      const program = `/usr/local/libexec/rke-${rke.version}`;
      const metadata: Record<string, string> = rke.metadata === undefined ? {} : { [METADATA_ON_HOST]: rke.metadata };
      return {
        programs: { [program]: rke.path, ...metadata },
        scripts: { [ON_HOST]: realWrapper(program, rke.metadata !== undefined) },
      };
    }
    default:
      return rke satisfies never;
  }
}

const standInWrapper = (version: string): string => `#!/bin/sh
# The lab's stand-in for rke, and the release that it stands for.
RKE_STAND_IN_RELEASE=${version} exec ${STAND_IN_ON_HOST} "$@"
`;

/** RKE's port check publishes container ports, which the lab's dockerd, without a bridge, can't. */
const realWrapper = (program: string, hasMetadata: boolean): string => `#!/bin/sh
# The real rke. \`up\` gets --disable-port-check, since the lab's docker has no bridge on which to publish ports.
${hasMetadata ? `export RANCHER_METADATA_URL=${METADATA_ON_HOST}\n` : ""}case " $* " in
*" up "*) exec ${program} "$@" --disable-port-check ;;
*) exec ${program} "$@" ;;
esac
`;

export function rkeLine(rke: RkeProgram): string {
  switch (rke.kind) {
    case "stand-in":
      return `rke: the lab's STAND-IN for RKE ${rke.version} (set LAB_RKE=PATH at \`up\` to use a real one)`;
    case "real":
      return `rke: the real ${rke.version} from ${rke.path}, behind a wrapper that adds --disable-port-check to \`up\``;
    default:
      return rke satisfies never;
  }
}
