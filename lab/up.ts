/** Raises a lab: network, disks, power, in that order, all hosts at the same time. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { leftovers, takeDown } from "./down";
import { faultsOf } from "./faults/faults";
import { makeDisk } from "./hosts/disk";
import { isMarkedOff, isOn, runtimeAnswers, runtimeState, switchOff, switchOn } from "./hosts/host";
import { kindHere } from "./hosts/kind";
import type { Prepared } from "./installers/installer";
import { installerDoor } from "./installers/installers";
import { say } from "./machine/progress";
import { all, LabError } from "./machine/run";
import { makeNetwork, namespacePath } from "./network/network";
import { type NetworkPlan, planNetwork } from "./network/network-plan";
import { makeOperatorKey, nameHosts, sshAnswers, sshState } from "./operator/operator";
import { hostDir, type Place } from "./state/place";
import { foreignFiles, type LabState, ownFiles, readState, writeState } from "./state/state";
import {
  hostsFile,
  hostsOf,
  installerOf,
  type LabDatacenter,
  type LabHost,
  type LabInstaller,
  type LabTopology,
  loginOf,
  readTopology,
} from "./state/topology";

export interface UpOptions {
  /** File with the topology; default: the project's Pulumi.yaml, or with `installer` that installer's example. */
  topology?: string;
  /** Must be the topology's, if a file is named. */
  installer?: LabInstaller;
  /** The etcd that the hosts' image holds, of ETCD_VERSIONS; default: by the topology's kubernetesVersion. */
  etcd?: string;
  /** In place of the topology's. */
  rkeVersion?: string;
  kubernetesVersion?: string;
  /** False: the hosts are on, but where the installer's lab would make a cluster, it doesn't. */
  cluster?: boolean;
}

/** Keys of the topology that options of `up` replace. */
export const releaseOf = ({ rkeVersion, kubernetesVersion }: UpOptions): Partial<LabTopology> => ({
  ...(rkeVersion === undefined ? {} : { rkeVersion }),
  ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
});

/** A host boots in 3 s on an idle machine; with a load of 40 beside it took more than a minute. */
const LIMIT_SECONDS = 180;
const PROJECT = join(__dirname, "..");
const PROJECT_FILE = join(PROJECT, "Pulumi.yaml");

const topologyFile = ({ topology, installer }: UpOptions): string =>
  resolve(
    topology ??
      (installer === undefined || installer === "rke" ? PROJECT_FILE : join(PROJECT, `topologies/${installer}.yaml`)),
  );

export async function raise(place: Place, options: UpOptions): Promise<LabState> {
  const found = readState(place);
  if (found?.phase === "up" && existsSync(namespacePath(place.name))) {
    say(`lab ${place.id} in ${place.dir}: is up already, since ${found.since}`);
    await mend(place, found);
    return found;
  }
  const left = [...(await leftovers(place)), ...ownFiles(place)];
  if (left.length > 0) {
    say(`lab ${place.id} in ${place.dir}: a killed run left ${left.join(", ")}: removing it`);
    await takeDown(place, "keep lock");
  }
  const foreign = foreignFiles(place);
  if (foreign.length > 0)
    throw new LabError(`LAB_DIR: must be an empty or new folder, ${place.dir} holds ${foreign.slice(0, 3).join(", ")}`);
  const file = topologyFile(options);
  if (!existsSync(file)) throw new LabError(`topology: must be a file, ${file} is missing`);
  const topology: LabTopology = { ...readTopology(readFileSync(file, "utf8"), file), ...releaseOf(options) };
  if (options.installer && options.installer !== installerOf(topology))
    throw new LabError(
      `--installer: must be the topology's, ${installerOf(topology)} in ${file}, is ${options.installer}`,
    );
  const plan = planNetwork(place.name, topology);
  const door = installerDoor(topology);
  const narrow = door.room?.(topology);
  if (narrow !== undefined) throw new LabError(narrow);
  const prepared = await door.prepare(place, topology, options.etcd === undefined ? {} : { etcd: options.etcd });
  mkdirSync(place.dir, { recursive: true, mode: 0o700 });
  const state: LabState = {
    phase: "starting",
    since: new Date().toISOString(),
    topology,
    ...(file === PROJECT_FILE ? {} : { topologyFile: file }),
    ...prepared.record,
  };
  writeState(place, state);

  say(
    `lab ${place.id} in ${place.dir}: ${hostsOf(topology).length} hosts in ${topology.datacenters.length} datacenters`,
  );
  for (const line of door.lines(state)) say(line);
  await makeNetwork(plan);
  const authorizedKey = await makeOperatorKey(place);
  nameHosts(place, hostsFile(topology));
  await all(
    topology.datacenters.flatMap((dc) =>
      dc.hosts.map(async (host) => {
        await manufacture(place, topology, dc, host, prepared, authorizedKey);
        await powerOn(place, plan, topology, host);
      }),
    ),
  );
  if (options.cluster !== false) await door.makeCluster(place, state);
  const up: LabState = { ...state, phase: "up" };
  writeState(place, up);
  say(`lab ${place.id}: up`);
  return up;
}

/** Powers a running lab's hosts off and on again, disks kept, if the host, its sshd or its runtime died. */
async function mend(place: Place, { topology }: LabState): Promise<void> {
  const plan = planNetwork(place.name, topology);
  const kind = kindHere(place);
  // If the lab has a fault, a silent host was asked for: only power is checked.
  const faulty = (await faultsOf(place, plan)).length > 0;
  const well = async (host: LabHost) =>
    isOn(place, host.name) &&
    (faulty ||
      ((await sshState(place, host.address, loginOf(topology, host).port)) === "up" &&
        (await runtimeState(place, host.name, kind)) === "up"));
  await all(
    hostsOf(topology).map(async (host) => {
      if (isMarkedOff(place, host.name)) return say(`host ${host.name}: is powered off`);
      if (await well(host)) return;
      say(`host ${host.name}: died, or its sshd or ${kind.runtime.daemon} did: it is switched off and on`);
      await switchOff(place, host.name);
      await powerOn(place, plan, topology, host);
    }),
  );
}

/** Switches a host on and waits until one can work with it. */
export async function powerOn(place: Place, plan: NetworkPlan, topology: LabTopology, host: LabHost): Promise<void> {
  const kind = kindHere(place);
  await switchOn(place, plan, host.name, kind);
  await all([
    sshAnswers(place, host.name, host.address, loginOf(topology, host).port, LIMIT_SECONDS),
    runtimeAnswers(place, host.name, kind, LIMIT_SECONDS),
  ]);
  say(`host ${host.name} (${host.address}): on, sshd and ${kind.runtime.daemon} answer`);
}

/** Makes a host's disk as it leaves the factory. */
export async function manufacture(
  place: Place,
  topology: LabTopology,
  dc: LabDatacenter,
  host: LabHost,
  prepared: Prepared,
  authorizedKey: string,
): Promise<void> {
  await makeDisk({
    folder: hostDir(place, host.name),
    name: host.name,
    login: loginOf(topology, host),
    names: hostsFile(topology),
    authorizedKey,
    installed: await prepared.installed(dc, host),
  });
}
