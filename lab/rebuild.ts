/** A host that broke and was set up anew: an empty disk, the runtime's data gone with it, the same SSH host key. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unmounted } from "./hosts/disk-image";
import { chosenOf, installerDoor } from "./installers/installers";
import { LabError } from "./machine/run";
import { makeOperatorKey } from "./operator/operator";
import { hostDir, type Place } from "./state/place";
import type { LabState } from "./state/state";
import { manufacture } from "./up";

/** @throws LabError for a host that the lab doesn't have; the host must be off */
export async function rebuildDisk(place: Place, state: LabState, host: string): Promise<void> {
  const dc = state.topology.datacenters.find(({ hosts }) => hosts.some(({ name }) => name === host));
  const found = dc?.hosts.find(({ name }) => name === host);
  if (!dc || !found) throw new LabError(`host: must be one of the lab's, is "${host}"`);
  const folder = hostDir(place, host);
  await unmounted(folder);
  const kept = mkdtempSync(join(tmpdir(), "rke-dr-host-key-"));
  const keys = join(folder, "upper/etc/ssh");
  for (const name of readdirSync(keys).filter((file) => file.startsWith("ssh_host_"))) {
    cpSync(join(keys, name), join(kept, name));
  }
  for (const name of readdirSync(folder).filter((file) => !["log", "off", "keeper.stat"].includes(file))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  mkdirSync(keys, { recursive: true });
  cpSync(kept, keys, { recursive: true });
  rmSync(kept, { recursive: true });
  const { topology } = state;
  const prepared = await installerDoor(topology).prepare(place, topology, chosenOf(state));
  await manufacture(place, topology, dc, found, prepared, await makeOperatorKey(place));
}
