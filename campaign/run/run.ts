/** One run: peace, a disaster, the act, the return, the failback, the next disaster, as they were drawn. */
import type { Lab } from "../../lab/lab";
import type { Choices } from "../draw/axes";
import type { History } from "../judge/history";
import { Acts, type Stage } from "./acts";
import { Clients } from "./clients";
import { strike } from "./disasters";
import type { Operator } from "./operator";
import { makeData, makePeace } from "./peace";
import { Readings } from "./readings";
import { Recorder } from "./recorder";
import { areQuarantined, comeBack } from "./returns";
import { sidesOf } from "./sides";

export interface RunResult {
  history: History;
  reached: string[];
}

/** Runs the choices on a lab whose hosts are on. Whatever goes wrong is in the history. @param folder gets the run's files */
export async function runOn(lab: Lab, choices: Choices, folder: string): Promise<RunResult> {
  const guard = choices["return guard"] === "off" ? "off" : "on";
  const recorder = new Recorder(folder, { lost: "a", returnGuard: guard });
  for (const axis of ["topology", "etcd", "raft snapshots", "return guard"]) recorder.reach(axis, choices[axis] ?? "");
  let clients: Clients | undefined;
  try {
    const sides = await sidesOf(lab);
    clients = await Clients.start(lab, sides, folder);
    const readings = new Readings(lab, recorder, sides, folder);
    await new Run({ lab, choices, folder, recorder, sides, readings, clients }).whole();
  } catch (error) {
    recorder.add({ kind: "broken", at: Date.now(), why: error instanceof Error ? error.message : String(error) });
  } finally {
    await clients?.stop();
    if (clients) recorder.add(...clients.entries());
  }
  return { history: recorder.history(), reached: [...recorder.reached] };
}

class Run {
  private readonly acts: Acts;

  constructor(private readonly stage: Stage) {
    this.acts = new Acts(stage);
  }

  async whole(): Promise<void> {
    const { choices, lab, recorder, sides, readings } = this.stage;
    const primary = await this.peace();
    await strike(lab, recorder, sides, choices.disaster ?? "");
    const operator = await this.acts.failover(2);
    if (operator === undefined) return;
    if (!(await this.return())) return this.lastReadings("after the failover");
    if (!(await this.acts.failback(primary, operator.epoch + 1)) && !(await this.failbackLeft(primary))) return;
    const next = choices["next disaster"] ?? "none";
    recorder.reach("next disaster", next);
    switch (next) {
      case "none":
        return this.lastReadings("after the failback");
      case "power of a again":
      case "power of a again, restored":
        await readings.world();
        await strike(lab, recorder, sides, "power");
        if (!(await this.acts.failover(primary.epoch + 1, next.endsWith("restored") ? "restore" : "auto"))) return;
        return this.lastReadings("after the next failover");
      case "power of b":
        await this.withoutB(primary);
        return this.lastReadings("after b was lost and came back");
      default:
        throw new Error(`next disaster: no such value: "${next}"`);
    }
  }

  private async peace(): Promise<Operator> {
    const { choices, lab, recorder, sides, clients, readings } = this.stage;
    await clients.bothWrite(sides);
    await clients.listens(180);
    const primary = await this.acts.primary();
    const peace = { lab, recorder, sides, primary };
    await makePeace(peace, choices);
    await makeData(peace, choices);
    await clients.bothWrite(sides);
    await readings.world();
    await readings.holdings();
    return primary;
  }

  /** Gives the lost side its power back. @returns false if it never has it again */
  private async return(): Promise<boolean> {
    const { choices, lab, recorder, sides } = this.stage;
    const how = choices.return ?? "never";
    if (how === "never") {
      recorder.reach("return", how);
      return false;
    }
    await comeBack(lab, recorder, sides, how);
    if (recorder.rules.returnGuard === "on") await areQuarantined(lab, sides, this.acts.lostAgain);
    return true;
  }

  /**
   * Datacenter a was lost again in the middle of the failback: if the survivors don't serve alone, there is a failover once more, and then the
   * failback. @returns false if an act didn't end
   */
  private async failbackLeft(primary: Operator): Promise<boolean> {
    const { recorder, sides, clients } = this.stage;
    if (!this.acts.lostAgain) return false;
    const serves = await clients.acknowledged(sides.left, 5, Date.now(), 30).then(
      () => true,
      () => false,
    );
    recorder.event(`the survivors ${serves ? "serve" : "don't serve"} without datacenter ${sides.lost}`);
    if (!serves && !(await this.acts.failover(primary.epoch + 1))) return false;
    return (await this.return()) && this.acts.failback(primary, serves ? primary.epoch : primary.epoch + 2);
  }

  /** The side without the majority is lost: the other one goes on, and `up` of stack primary changes nothing once it is back. */
  private async withoutB(primary: Operator): Promise<void> {
    const { lab, recorder, sides, clients } = this.stage;
    recorder.event("disaster: power of b");
    await lab.powerOff(sides.left);
    await clients.acknowledged(sides.lost, 8, Date.now(), 90);
    await lab.powerOn(sides.left);
    await clients.bothWrite(sides);
    await primary.upAgain();
  }

  private async lastReadings(reading: string): Promise<void> {
    const { recorder, readings, clients } = this.stage;
    await clients.stopWriters();
    await readings.present();
    const last = recorder
      .history()
      .entries.filter((e) => e.kind === "present")
      .at(-1);
    await clients.informed(last?.kind === "present" ? last.keys : [], 90);
    await readings.members(`${reading}, at the end`);
    await readings.holdings();
    await readings.secrets(this.acts.backends);
  }
}
