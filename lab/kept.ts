/**
 * Keeps a lab's disks, and raises the lab from them again: seconds, where making a cluster takes minutes. Image layers, which nothing writes
 * to, are kept and given back by hard links.
 */
import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { leftovers, takeDown } from "./down";
import { copyDisk } from "./hosts/disk-copy";
import { isOn } from "./hosts/host";
import { say } from "./machine/progress";
import { all, LabError, must } from "./machine/run";
import { makeNetwork } from "./network/network";
import { planNetwork } from "./network/network-plan";
import { nameHosts } from "./operator/operator";
import { hostDir, type Place } from "./state/place";
import { foreignFiles, type LabState, ownFiles, writeState } from "./state/state";
import { hostsFile, hostsOf } from "./state/topology";
import { powerOn } from "./up";

/**
 * Copies the disks of all hosts and the operator's files into a folder.
 * @param folder isn't there yet; it appears whole or not at all
 * @throws LabError if a host is on
 */
export async function keepLab(place: Place, state: LabState, folder: string): Promise<void> {
  const hosts = hostsOf(state.topology).map(({ name }) => name);
  const on = hosts.filter((host) => isOn(place, host));
  if (on.length > 0) throw new LabError(`keep: every host must be off, on are ${on.join(", ")}`);
  const work = `${folder}.new`;
  await must(["rm", "-rf", "--one-file-system", work]);
  mkdirSync(join(work, "hosts"), { recursive: true, mode: 0o700 });
  await must(["cp", "-a", join(place.dir, "operator"), join(work, "operator")]);
  await must(["cp", "-a", join(place.dir, "lab.json"), join(work, "lab.json")]);
  await all(hosts.map((host) => copyDisk(hostDir(place, host), join(work, "hosts", host))));
  renameSync(work, folder);
  say(`the disks of ${hosts.length} hosts are kept in ${folder}`);
}

/**
 * Raises the lab whose disks the folder has, in the folder of the lab that they were kept from: hosts and the operator's files know its path.
 * @throws LabError if a lab is up there
 */
export async function raiseKept(place: Place, folder: string): Promise<LabState> {
  if ((await leftovers(place)).length + ownFiles(place).length > 0) await takeDown(place, "keep lock");
  const foreign = foreignFiles(place);
  if (foreign.length > 0)
    throw new LabError(`${place.dir}: must be a lab's folder, holds ${foreign.slice(0, 3).join(", ")}`);
  const state = JSON.parse(readFileSync(join(folder, "lab.json"), "utf8")) as LabState;
  mkdirSync(join(place.dir, "hosts"), { recursive: true, mode: 0o700 });
  writeState(place, { ...state, phase: "starting", since: new Date().toISOString() });
  const plan = planNetwork(place.name, state.topology);
  await makeNetwork(plan);
  await must(["cp", "-a", join(folder, "operator"), place.dir]);
  nameHosts(place, hostsFile(state.topology));
  await all(
    hostsOf(state.topology).map(async (host) => {
      await copyDisk(join(folder, "hosts", host.name), hostDir(place, host.name));
      await powerOn(place, plan, state.topology, host);
    }),
  );
  const up: LabState = { ...state, phase: "up", since: new Date().toISOString() };
  writeState(place, up);
  return up;
}
