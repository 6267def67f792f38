import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { leftovers } from "../../lab/down";
import { loopDevices } from "../../lab/hosts/disk-image";
import type { Lab } from "../../lab/lab";
import { cgroupFolders } from "../../lab/machine/cgroups";
import { run } from "../../lab/machine/run";

/** A lab that is down has left nothing on this machine. */
export async function nothingLeft({ place }: Lab): Promise<void> {
  assert.deepEqual(await leftovers(place), []);
  assert.deepEqual([existsSync(place.dir), cgroupFolders(place.name), loopDevices(place.dir)], [false, [], []]);
  assert.ok(!(await run(["ip", "netns", "list"])).stdout.includes(place.name));
}

/** `up` and down, ten times: nothing stays behind, and the quickest of the last five takes as long as that of the first five. */
export async function tenUpAndDown(lab: Lab, up: () => Promise<void>): Promise<void> {
  await lab.down();
  const seconds: number[] = [];
  for (let i = 0; i < 10; i++) {
    const start = Date.now();
    await up();
    await lab.down();
    seconds.push((Date.now() - start) / 1000);
    await nothingLeft(lab);
  }
  console.log(`      up and down, in seconds: ${seconds.map((value) => value.toFixed(1)).join(" ")}`);
  // what else the machine does only ever adds to a run; what stays behind would add to all of them
  const [early, late] = [Math.min(...seconds.slice(0, 5)), Math.min(...seconds.slice(5))];
  assert.ok(late < early * 1.5 + 0.5, `the quickest of the last five took ${late} s, of the first five ${early} s`);
}
