/** Raises a lab: network, disks, power, in that order, all hosts at the same time. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildRke } from "../stand-ins/rke/build";
import type { EtcdLine } from "./build/programs";
import { prepare } from "./build/toolchain";
import { leftovers, takeDown } from "./down";
import { faultsOf } from "./faults/faults";
import { makeDisk } from "./hosts/disk";
import { dockerAnswers, dockerState, isMarkedOff, isOn, switchOff, switchOn } from "./hosts/host";
import { chooseRke, rkeInstall, rkeLine } from "./hosts/rke-program";
import { missingHere, runcWithin } from "./machine/capabilities";
import { findProgram } from "./machine/packages";
import { say } from "./machine/progress";
import { all, LabError } from "./machine/run";
import { makeNetwork, namespacePath } from "./network/network";
import { type NetworkPlan, planNetwork } from "./network/network-plan";
import { makeOperatorKey, sshAnswers, sshState } from "./operator/operator";
import { hostDir, type Place } from "./state/place";
import { foreignFiles, type LabState, ownFiles, readState, writeState } from "./state/state";
import { hostsOf, type LabDatacenter, type LabHost, type LabTopology, loginOf, readTopology } from "./state/topology";

export interface UpOptions {
  /** File with the topology; default: the project's Pulumi.yaml. */
  topology?: string;
  /** The etcd that the hosts' image holds; default 3.4. */
  etcd?: EtcdLine;
}

const LIMIT_SECONDS = 60;
const PROJECT = join(__dirname, "..");

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
  const file = resolve(options.topology ?? join(PROJECT, "Pulumi.yaml"));
  if (!existsSync(file)) throw new LabError(`topology: must be a file, ${file} is missing`);
  const topology = readTopology(readFileSync(file, "utf8"), file);
  const plan = planNetwork(place.name, topology);
  const rke = await chooseRke(process.env);
  const toolchain = await prepare(place.cache, options.etcd);
  mkdirSync(place.dir, { recursive: true, mode: 0o700 });
  const state: LabState = {
    phase: "starting",
    since: new Date().toISOString(),
    topology,
    ...(options.topology === undefined ? {} : { topologyFile: file }),
    etcd: options.etcd ?? "3.4",
    kubectl: toolchain.kubectl,
    rke,
  };
  writeState(place, state);

  say(
    `lab ${place.id} in ${place.dir}: ${hostsOf(topology).length} hosts in ${topology.datacenters.length} datacenters`,
  );
  say(`etcd: ${state.etcd === "3.4" ? "Debian's 3.4" : `${state.etcd} from Go modules`}`);
  say(rkeLine(rke));
  const lacking = missingHere();
  if (lacking.length > 0) say(`this machine lacks ${lacking.join(", ")}: containers that ask for them start without`);
  say("kubelet, kube-proxy, nginx-proxy and RKE's tools image: the lab's STAND-INS");
  await makeNetwork(plan);
  const authorizedKey = await makeOperatorKey(place);
  await all(
    topology.datacenters.flatMap((dc) =>
      dc.hosts.map(async (host) => {
        await manufacture(place, state, dc, host, { dockerRoot: toolchain.dockerRoot, authorizedKey });
        await powerOn(place, plan, topology, host);
      }),
    ),
  );
  const up: LabState = { ...state, phase: "up" };
  writeState(place, up);
  say(`lab ${place.id}: up`);
  return up;
}

/** Powers a running lab's hosts off and on again, disks kept, if the host, its sshd or its dockerd died. */
async function mend(place: Place, { topology }: LabState): Promise<void> {
  const plan = planNetwork(place.name, topology);
  // If the lab has a fault, a silent host was asked for: only power is checked.
  const faulty = (await faultsOf(place, plan)).length > 0;
  const well = async (host: LabHost) =>
    isOn(place, host.name) &&
    (faulty ||
      ((await sshState(place, host.address, loginOf(topology, host).port)) === "up" &&
        (await dockerState(place, host.name)) === "up"));
  await all(
    hostsOf(topology).map(async (host) => {
      if (isMarkedOff(place, host.name)) return say(`host ${host.name}: is powered off`);
      if (await well(host)) return;
      say(`host ${host.name}: died, or its sshd or dockerd did: it is switched off and on`);
      await switchOff(place, host.name);
      await powerOn(place, plan, topology, host);
    }),
  );
}

/** Switches a host on and waits until one can work with it. */
export async function powerOn(place: Place, plan: NetworkPlan, topology: LabTopology, host: LabHost): Promise<void> {
  await switchOn(place, plan, host.name);
  await all([
    sshAnswers(place, host.name, host.address, loginOf(topology, host).port, LIMIT_SECONDS),
    dockerAnswers(place, host.name, LIMIT_SECONDS),
  ]);
  say(`host ${host.name} (${host.address}): on, sshd and dockerd answer`);
}

/** Things that all hosts of a lab share; undefined if not made yet. */
interface Made {
  dockerRoot?: string;
  authorizedKey?: string;
}

/** Makes a host's disk as it leaves the factory. */
export async function manufacture(
  place: Place,
  { topology, rke, etcd }: LabState,
  dc: LabDatacenter,
  host: LabHost,
  prepared: Made = {},
): Promise<void> {
  const dockerRoot = prepared.dockerRoot ?? (await prepare(place.cache, etcd)).dockerRoot;
  const authorizedKey = prepared.authorizedKey ?? (await makeOperatorKey(place));
  const deploys = dc.deployHost === host.name;
  const install = deploys ? await rkeInstall(rke, () => bundleRke(place)) : { programs: {}, scripts: {} };
  const runc = runcWithin(missingHere(), findProgram("runc") ?? "/usr/sbin/runc");
  await makeDisk({
    folder: hostDir(place, host.name),
    name: host.name,
    login: loginOf(topology, host),
    authorizedKey,
    goldenDocker: dockerRoot,
    programs: { ...install.programs, ...nodeProgram() },
    scripts: { ...install.scripts, ...(runc ? { "/usr/local/sbin/runc": runc } : {}) },
  });
}

async function bundleRke(place: Place): Promise<string> {
  const file = join(place.cache, "rke-stand-in");
  await buildRke(file);
  return file;
}

/** The stand-in for rke runs on Node; a Node in someone's home folder isn't on the host's disk. */
function nodeProgram(): Record<string, string> {
  const hidden = ["/root/", "/tmp/", "/run/"].some((folder) => process.execPath.startsWith(folder));
  return hidden || !findProgram("node") ? { "/usr/local/bin/node": process.execPath } : {};
}
