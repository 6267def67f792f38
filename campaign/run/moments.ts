/** Moments of an act, seen on hosts from outside, and what goes wrong then. */
import { setTimeout as pause } from "node:timers/promises";
import { type DrillCluster, drillCluster, runtimeScript } from "../../drill/cluster";
import type { Lab } from "../../lab/lab";
import type { Disturbance, Operator, RunningUp } from "./operator";
import type { Recorder } from "./recorder";
import { powerOnLost, type Sides } from "./sides";

/** Milliseconds between two looks for a moment. */
const glance = 150;
/** Milliseconds that a returned host gets for its quarantine before the operator goes on. */
const settling = 20_000;

export interface Moment {
  host: string;
  /** Asks the host; true once the moment has come. */
  look: (lab: Pick<Lab, "execOn">) => Promise<boolean>;
}

/** @param epoch of the act */
export function momentOf(
  name: string,
  epoch: number,
  sides: Pick<Sides, "survivor" | "lostVoters">,
  cluster: Pick<DrillCluster, "dialect" | "etcdctl">,
): Moment {
  const survivor = sides.survivor.name;
  const returned = sides.lostVoters[0] ?? survivor;
  const shell = (host: string, script: string): Moment => ({
    host,
    look: async (lab) => (await lab.execOn(host, ["bash", "-c", script])).code === 0,
  });
  const recorded = (host: string, step: string) =>
    shell(host, `grep -q 'epoch.:${epoch}[,}]' /var/lib/rke-dr/steps/${step}`);
  const present = (host: string, process: string) =>
    shell(host, `${runtimeScript(cluster.dialect)}process_present ${process}`);
  const learner = async () => {
    const { code, stdout } = await cluster.etcdctl(survivor, ["member", "list"]);
    return code === 0 && / true$/m.test(stdout);
  };
  switch (name) {
    case "claim":
      return shell(survivor, `[[ $(cat /var/lib/rke-dr/epoch) == *${epoch}* ]]`);
    case "snapshot":
    case "first-write":
    case "endpoint":
    case "nodes-back":
      return recorded(survivor, name);
    case "control-plane-back":
      return recorded(returned, name);
    case "etcd-set-aside":
      return present(survivor, `etcd-before-epoch-${epoch}`);
    case "rke-up":
      return shell(survivor, `grep -q plane /var/lib/rke-dr/epoch-${epoch}/rke-up.log`);
    case "quarantine":
      return shell(returned, `test -e /var/lib/rke-dr/epoch-${epoch}/quarantined`);
    case "learner-added":
      return { host: survivor, look: learner };
    case "kube-apiserver":
      return present(returned, name);
    default:
      throw new Error(`moment: no such value: "${name}"`);
  }
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
    case "the survivor's kubelet started":
      return at(async () => void (await lab.execOn(survivor, ["systemctl", "start", "kubelet"])));
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
  const { host, look } = momentOf(moment, epoch, sides, drillCluster(lab));
  while (!up.ended()) {
    if (lab.isOn(host) && (await look(lab))) {
      recorder.event(`${host}: ${moment} of epoch ${epoch} is seen: ${value}`);
      recorder.reach(axis, value);
      recorder.reach(axis.replace("during", "moment of"), moment);
      return true;
    }
    await pause(glance);
  }
  return false;
}
