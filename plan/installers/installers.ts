import type { Installer } from "./installer";
import { rke } from "./rke/rke";

/** The installer of a topology's cluster. */
export const installerOf = (_topology: unknown): Installer => rke;
