/** The door between `up`, `status` and what only one installer's lab has. */
import type { Installed } from "../hosts/disk";
import type { Place } from "../state/place";
import type { LabState } from "../state/state";
import type { LabDatacenter, LabHost, LabTopology } from "../state/topology";

/** The choices made before: by the options of `up`, or by the record of a lab that is there. */
export interface Chosen {
  /** One of ETCD_VERSIONS. */
  etcd?: string;
  rke?: LabState["rke"];
}

export interface Prepared {
  /** The part of the lab's record that says what its hosts have. */
  record: Pick<LabState, "etcd" | "kubectl" | "rke">;
  /** The files of a host, as it leaves the factory. */
  installed(dc: LabDatacenter, host: LabHost): Promise<Installed>;
}

export interface InstallerDoor {
  /** Why this machine has no room for one more lab of such hosts; undefined if it has. */
  room?(topology: LabTopology): string | undefined;
  /** Installs and builds what is missing. @throws LabError for a choice or a topology that the installer's lab can't have */
  prepare(place: Place, topology: LabTopology, chosen: Chosen): Promise<Prepared>;
  /** Lines for people about what the hosts have. */
  lines(state: LabState): string[];
  /** Makes the cluster on hosts that are on; RKE's is made by the program itself. */
  makeCluster(place: Place, state: LabState): Promise<void>;
  /** Names of the parts that aren't the real thing. */
  standIns(state: LabState): string[];
}
