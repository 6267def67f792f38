/** Moments of an act, seen on hosts from outside, and what goes wrong then. */
import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../../lab/lab";
import type { Disturbance, Operator, RunningUp } from "./operator";
import type { Recorder } from "./recorder";
import { powerOnLost, type Sides } from "./sides";

/** Milliseconds between two looks for a moment. */
const glance = 150;
/** Milliseconds that a returned host gets for its quarantine before the operator goes on. */
const settling = 20_000;

const recorded = (step: string, epoch: number): string => `grep -q 'epoch.:${epoch}[,}]' /var/lib/rke-dr/steps/${step}`;

/** The host and the command that succeeds there once the moment has come. */
export function momentOf(name: string, epoch: number, sides: Sides): { host: string; there: string } {
  const host = sides.survivor.name;
  const returned = sides.lostVoters[0] ?? host;
  const moments: Record<string, { host: string; there: string }> = {
    claim: { host, there: `[[ $(cat /var/lib/rke-dr/epoch) == *${epoch}* ]]` },
    snapshot: { host, there: recorded("snapshot", epoch) },
    "etcd-set-aside": { host, there: `docker inspect etcd-before-epoch-${epoch}` },
    "first-write": { host, there: recorded("first-write", epoch) },
    "rke-up": { host, there: `grep -q plane /var/lib/rke-dr/epoch-${epoch}/rke-up.log` },
    quarantine: { host: returned, there: `test -e /var/lib/rke-dr/epoch-${epoch}/quarantined` },
    "learner-added": { host, there: "docker exec etcd etcdctl member list | grep -q 'true$'" },
    "kube-apiserver": { host: returned, there: "docker inspect kube-apiserver" },
  };
  const found = moments[name];
  if (!found) throw new Error(`moment: must be one of ${Object.keys(moments).join(", ")}: "${name}"`);
  return found;
}

export interface Scene {
  lab: Lab;
  recorder: Recorder;
  sides: Sides;
  epoch: number;
  /** The drawn axis and value, which count as reached once the moment was seen. */
  axis: string;
  value: string;
  moment: string;
}

/** What the drawn value does to an `up`; undefined for "nothing". @param other makes another operator of the same act */
export function disturbanceOf(scene: Scene, other: () => Promise<Operator>): Disturbance | undefined {
  const { lab, recorder, sides, value } = scene;
  const survivor = sides.survivor.name;
  const cut = async (host: string) => {
    recorder.event(`${host} loses its power`);
    await lab.powerOff(host);
  };
  const back = async (host: string) => {
    await lab.powerOn(host);
    recorder.event(`${host} has power again`);
  };
  const at =
    (what: (up: RunningUp) => Promise<void>): Disturbance =>
    async (up) => {
      if (await comes(scene, up)) await what(up);
    };
  switch (value) {
    case "nothing":
      return undefined;
    case "operator killed":
      return at(async (up) => up.kill());
    case "operator killed, the survivor's power cut":
      return at(async (up) => {
        up.kill();
        await cut(survivor);
        await back(survivor);
      });
    case "operator killed, a returned host's power cut":
      return at(async (up) => {
        up.kill();
        const host = sides.lostVoters[0] ?? survivor;
        await cut(host);
        await back(host);
      });
    case "the survivor's power cut":
      return at(() => cut(survivor));
    case "operator cut off":
      return at(() => lab.cutOperator(sides.left));
    case "operator killed, a back":
      return at(async (up) => {
        up.kill();
        await powerOnLost(lab, sides);
        recorder.event(`datacenter ${sides.lost} has power again`);
        await pause(settling);
      });
    case "operator cut off from a":
      return at(() => lab.cutOperator(sides.lost));
    case "operator killed, a lost again":
      return at(async (up) => {
        up.kill();
        recorder.event(`disaster: power of ${sides.lost}, in the middle of the failback`);
        await lab.powerOff(sides.lost);
      });
    case "the survivor's etcd killed":
      // for a moment there may be none: it is set aside
      return at(() => lab.kill(survivor, "etcd").catch((e: Error) => recorder.event(e.message)));
    case "the survivor's disk full":
      return at(() => lab.fillDisk(survivor));
    case "somebody else's up":
      return at(async () => {
        await (await other()).pulumi(["up", "--yes", "--skip-preview"], { disturbed: true });
      });
    default:
      throw new Error(`during: no such value: "${value}"`);
  }
}

/** Waits for the moment, or for the end of `up`. */
async function comes({ lab, recorder, sides, epoch, axis, value, moment }: Scene, up: RunningUp): Promise<boolean> {
  const { host, there } = momentOf(moment, epoch, sides);
  while (!up.ended()) {
    if (lab.isOn(host) && (await lab.execOn(host, ["bash", "-c", there])).code === 0) {
      recorder.event(`${host}: ${moment} of epoch ${epoch} is seen: ${value}`);
      recorder.reach(axis, value);
      recorder.reach(axis.replace("during", "moment of"), moment);
      return true;
    }
    await pause(glance);
  }
  return false;
}
