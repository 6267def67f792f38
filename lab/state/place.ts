/** A lab's folder, and the prefix of the names of all that the lab makes in the kernel. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

export interface Place {
  /** All state of this lab; absolute. */
  dir: string;
  /** Builds and images, shared by all labs of this user; absolute. */
  cache: string;
  /** Six hex digits of a hash of `dir`. */
  id: string;
  /** `rkelab-ID`: start of the name of each namespace and cgroup. */
  name: string;
}

export function placeOf(env: NodeJS.ProcessEnv, home: string, real: (path: string) => string = realPath): Place {
  const dir = real(resolve(env.LAB_DIR || join(env.XDG_STATE_HOME || join(home, ".local/state"), "rke-dr-lab")));
  const cache = real(resolve(env.LAB_CACHE || join(env.XDG_CACHE_HOME || join(home, ".cache"), "rke-dr-lab")));
  const id = createHash("sha256").update(dir).digest("hex").slice(0, 6);
  return { dir, cache, id, name: `rkelab-${id}` };
}

/** Two spellings of one folder must be one lab; the folder itself need not exist yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

export const hostDir = (place: Place, host: string): string => join(place.dir, "hosts", host);
