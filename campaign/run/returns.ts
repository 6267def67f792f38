/** The order in which the lost side, and perhaps the survivors once more, get their power. */
import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import type { Recorder } from "./recorder";
import { powerOnLost, type Sides } from "./sides";

/** Milliseconds between two hosts that get power one after the other. */
const between = 5000;
/** Milliseconds that a side serves alone, and that its guards get where nothing shows that they are done. */
const settling = 20_000;

/** @param how the drawn value, but "never" */
export async function comeBack(lab: Lab, recorder: Recorder, sides: Sides, how: string): Promise<void> {
  const { lost, left, lostHosts } = sides;
  await lab.heal();
  switch (how) {
    case "all at once":
      await powerOnLost(lab, sides);
      break;
    case "host by host":
      for (const { name } of lostHosts) {
        await lab.powerOn(name);
        await pause(between);
      }
      break;
    case "a alone first":
      await lab.powerOff(left);
      await powerOnLost(lab, sides);
      await pause(settling);
      await lab.powerOn(left);
      break;
    case "both at once, after a power cut of b":
      await lab.powerOff(left);
      await powerOnLost(lab, sides, left);
      break;
    default:
      throw new Error(`return: no such value: "${how}"`);
  }
  recorder.event(`datacenter ${lost} has power again: ${how}`);
  recorder.reach("return", how);
}

/**
 * Waits until the return guard has put the returned voters in quarantine.
 * @param again true if a failback had reached them before: then they may have nothing to put there
 */
export async function areQuarantined(lab: Lab, { lostVoters }: Sides, again: boolean): Promise<void> {
  if (again) return pause(settling);
  for (const host of lostVoters) {
    const there = async () => (await lab.execOn(host, ["cat", "/var/lib/rke-dr/quarantine"])).code === 0;
    await until(`${host}: its quarantine`, 120, there);
  }
}
