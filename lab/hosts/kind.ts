/** The kinds of hosts: an installer's cluster needs a first process and a runtime of containers below it. */
import { join } from "node:path";
import type { Place } from "../state/place";
import { readState } from "../state/state";
import { installerOf, type LabInstaller } from "../state/topology";
import { containerd, docker, type HostRuntime, systemd } from "./runtimes";

export interface HostKind {
  /** The file that init.sh reads for the rest of what makes the host. */
  firstProcess: string;
  /** True if the host's first process has the roots of all control groups to itself. */
  ownCgroups: boolean;
  runtime: HostRuntime;
}

function withSystemd(runtime: HostRuntime): HostKind {
  return { firstProcess: join(__dirname, "init-systemd.sh"), ownCgroups: true, runtime };
}

const kinds: Record<LabInstaller, HostKind> = {
  rke: { firstProcess: join(__dirname, "init-docker.sh"), ownCgroups: false, runtime: docker },
  kubeadm: withSystemd(containerd),
  kubespray: withSystemd(systemd),
  kubekey: withSystemd(systemd),
  unit: withSystemd(systemd),
};

export const kindOf = (installer: LabInstaller): HostKind => kinds[installer];

/** The kind of the hosts of the lab that is here; without a lab's record, that of RKE's. */
export function kindHere(place: Place): HostKind {
  const state = readState(place);
  return kindOf(state ? installerOf(state.topology) : "rke");
}
