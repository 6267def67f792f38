/** The record that a lab keeps of itself: LAB_DIR/lab.json. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../machine/run";
import type { Place } from "./place";
import type { LabTopology } from "./topology";

export interface LabState {
  /** `starting` until every host is up; what is left so by a killed `up` must go down first. */
  phase: "starting" | "up";
  since: string;
  topology: LabTopology;
  /** The file of `up --topology`; none where it was the project's own. */
  topologyFile?: string;
  /** One of ETCD_VERSIONS; kubeadm's clusters have 3.6. */
  etcd: string;
  kubectl: string;
  /** The rke of the deploy hosts; none in a cluster that kubeadm makes. */
  rke?: RealRke | { kind: "stand-in"; version: string };
}

interface RealRke {
  kind: "real";
  path: string;
  version: string;
  /** A file in the place of the metadata that are built into RKE. */
  metadata?: string;
}

const file = (place: Place): string => join(place.dir, "lab.json");

export function readState(place: Place): LabState | undefined {
  if (!existsSync(file(place))) return undefined;
  try {
    return JSON.parse(readFileSync(file(place), "utf8")) as LabState;
  } catch (error) {
    throw new LabError(
      `${file(place)}: must be JSON, is not (${(error as Error).message}): run \`npm run lab -- down\``,
    );
  }
}

export function writeState(place: Place, state: LabState): void {
  writeFileSync(`${file(place)}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file(place)}.new`, file(place));
}

/** Files of a folder that isn't a lab's own: LAB_DIR may be set to any folder, and `down` empties it. */
export function foreignFiles(place: Place): string[] {
  if (!existsSync(place.dir)) return [];
  return readdirSync(place.dir).filter((name) => !OWN.some((own) => name === own || name.startsWith("lock.")));
}

/** The lab's own files in its folder, without the lock. */
export function ownFiles(place: Place): string[] {
  return OWN.filter((name) => name !== "lock" && existsSync(join(place.dir, name)));
}

/** All that a lab puts into its folder. */
export const OWN = ["lab.json", "lab.json.new", "lock", "hosts", "operator", "clones"];
