/** Disasters: what the drawn one does to the lab. The operator learns of none but by what the program prints. */
import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../../lab/lab";
import { must } from "../../lab/machine/run";
import type { Recorder } from "./recorder";
import type { Sides } from "./sides";

/** Milliseconds in which clients write on, between two blows. */
const between = 4000;

export async function strike(lab: Lab, recorder: Recorder, sides: Sides, disaster: string): Promise<void> {
  const { lost, survivor, lostVoters } = sides;
  recorder.event(`disaster: ${disaster}`);
  switch (disaster) {
    case "power":
      await lab.powerOff(lost);
      break;
    case "etcd killed under load, then power": {
      const fire = await lab.aim([...lostVoters, survivor.name], "etcd");
      fire();
      recorder.event("disaster: every aimed member of etcd is killed");
      await lab.powerOff(lost);
      break;
    }
    case "link cut":
      await lab.cutLink();
      await pause(between);
      break;
    case "link cut, then power":
      // a's majority writes on, and the survivor's etcd has none of it
      await lab.cutLink();
      await pause(between);
      await lab.powerOff(lost);
      await lab.healLink();
      break;
    case "silent drop":
      await lab.drop(lost);
      break;
    case "frozen":
      // one that was broken for good before is off, and can't be frozen
      for (const { name } of sides.lostHosts) await lab.freeze(name);
      break;
    case "one voter after the other":
      for (const host of [...lostVoters].reverse()) {
        await lab.powerOff(host);
        await pause(between);
      }
      break;
    case "both dark, b on first":
      await lab.powerOff(lost);
      await lab.powerOff(sides.left);
      await lab.powerOn(sides.left);
      break;
    case "power, and the survivor's disk full":
      await lab.powerOff(lost);
      await lab.fillDisk(survivor.name);
      break;
    case "power, and the survivor's etcd killed":
      await lab.powerOff(lost);
      await lab.kill(survivor.name, "etcd");
      break;
    case "power, and the survivor's kubelet and containerd restarted":
      await lab.powerOff(lost);
      await must(lab.hostCommand(survivor.name, ["systemctl", "restart", "containerd", "kubelet"]));
      break;
    default:
      throw new Error(`disaster: no such value: "${disaster}"`);
  }
  recorder.reach("disaster", disaster);
}
