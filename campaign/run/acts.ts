/** A run's failovers and failbacks, each by an operator who begins with what the runbook says. */
import { Drill, stackReport } from "../../drill/drill";
import type { Lab } from "../../lab/lab";
import { LabError } from "../../lab/machine/run";
import type { Choices } from "../draw/axes";
import { withoutHosts } from "./checkout";
import type { Clients } from "./clients";
import { disturbanceOf } from "./moments";
import { Operator, type Taste } from "./operator";
import type { Readings } from "./readings";
import type { Recorder } from "./recorder";
import type { Sides } from "./sides";

/** What all acts of a run share. */
export interface Stage {
  lab: Lab;
  choices: Choices;
  folder: string;
  recorder: Recorder;
  sides: Sides;
  readings: Readings;
  clients: Clients;
}

export class Acts {
  /** Folders of the operators' backends. */
  readonly backends: string[] = [];
  /** True once a failback was left, since datacenter a was lost again. */
  lostAgain = false;
  private failovers = 0;

  constructor(private readonly stage: Stage) {}

  /** The operator of stack primary, at the epoch of peace. */
  async primary(): Promise<Operator> {
    const { lab, recorder } = this.stage;
    const workspace = await lab.project();
    this.backends.push(workspace.backend);
    return new Operator(lab, recorder, workspace, "primary", 1, this.taste);
  }

  /** @param recover as in the choices, for a failover after the first @returns its operator; undefined if it didn't end */
  async failover(epoch: number, recover = "auto"): Promise<Operator | undefined> {
    const { choices, lab, recorder, sides, clients, readings, folder } = this.stage;
    const first = this.failovers++ === 0;
    const how = first ? (choices.recover ?? "auto") : recover;
    const operator = await this.operatorOf(`failover-${epoch}`, epoch, how);
    if (first) {
      this.changeCheckout(operator);
      recorder.reach("recover", how);
    }
    const value = first ? (choices["during the act"] ?? "nothing") : "nothing";
    if (first && value === "nothing") this.reachNothing("during the act", "moment of the act");
    const disturbance = disturbanceOf(
      { lab, recorder, sides, epoch, axis: "during the act", value, moment: choices["moment of the act"] ?? "" },
      () => this.somebodyElse(epoch, how),
    );
    if (!(await operator.act(disturbance))) return undefined;
    await clients.acknowledged(sides.left, 5, Date.now(), 90);
    const told = await stackReport(new Drill(lab, folder), operator.workspace, "failover");
    const dataAsOf = Date.parse(told.dataAsOf);
    recorder.add({
      kind: "act",
      at: operator.begunAt,
      endedAt: Date.now(),
      type: "failover",
      epoch: operator.epoch,
      method: told.method,
      source: told.source,
      ...(Number.isNaN(dataAsOf) ? {} : { dataAsOf }),
      hosts: sides.lostHosts.map((h) => h.name),
    });
    // what the other one did last is new to this one's state
    if (value === "somebody else's up") await operator.pulumi(["up", "--yes", "--skip-preview"], { mustEnd: true });
    await operator.upAgain();
    await readings.world();
    await readings.holdings();
    return operator;
  }

  /** @returns false if it didn't end, or was left */
  async failback(primary: Operator, epoch: number): Promise<boolean> {
    const { choices, lab, recorder, sides, clients, readings } = this.stage;
    await primary.set("epoch", String(epoch));
    const value = this.lostAgain ? "nothing" : (choices["during the failback"] ?? "nothing");
    if (value === "nothing") this.reachNothing("during the failback", "moment of the failback");
    const moment = choices["moment of the failback"] ?? "";
    const disturbance = disturbanceOf({ lab, recorder, sides, epoch, axis: "during the failback", value, moment }, () =>
      Promise.reject(new LabError("nobody else brings a side back")),
    );
    const leaves = value === "operator killed, a lost again";
    if (!(await primary.act(disturbance, leaves))) {
      this.lostAgain = leaves && !lab.isOn(sides.lostVoters[0] ?? "");
      return false;
    }
    const hosts = sides.lostHosts.map((h) => h.name);
    const { begunAt: at } = primary;
    recorder.add({ kind: "act", at, endedAt: Date.now(), type: "failback", epoch: primary.epoch, hosts });
    if (!(await primary.putIn())) return false;
    await primary.upAgain();
    await clients.bothWrite(sides);
    await readings.members("after the failback");
    await readings.holdings();
    return true;
  }

  private get taste(): Taste {
    const value = this.stage.choices["way on"] ?? "";
    this.stage.recorder.reach("way on", value);
    return value === "the last that is said" ? "last" : "first";
  }

  private async operatorOf(name: string, epoch: number, recover: string): Promise<Operator> {
    const { lab, recorder } = this.stage;
    const workspace = await lab.newClone(name);
    this.backends.push(workspace.backend);
    const operator = new Operator(lab, recorder, workspace, "failover", epoch, this.taste);
    if (epoch !== 2) await operator.set("epoch", String(epoch));
    if (recover === "restore") await operator.set("recover.method", "restore");
    if (recover === "snapshot") await operator.set("recover.from", "snapshot");
    return operator;
  }

  /** Another operator of the same act, who has confirmed it, too. */
  private async somebodyElse(epoch: number, recover: string): Promise<Operator> {
    const other = await this.operatorOf(`somebody-else-${epoch}`, epoch, recover);
    const { lost } = this.stage.sides;
    await other.set("confirm", `${lost}@${epoch}`);
    await other.set("attest", `powered-off@${lost}@${epoch}`);
    return other;
  }

  private changeCheckout({ workspace }: Operator): void {
    const { choices, recorder, sides } = this.stage;
    const { checkout = "as built" } = choices;
    if (checkout === "lacks a worker")
      withoutHosts(workspace, sides.survivors.find((h) => !h.roles?.includes("controlplane"))?.name ?? "");
    if (checkout === "lacks a lost voter") withoutHosts(workspace, sides.lostVoters.at(-1) ?? "");
    recorder.reach("checkout", checkout);
  }

  private reachNothing(axis: string, moment: string): void {
    this.stage.recorder.reach(axis, "nothing");
    this.stage.recorder.reach(moment, "none");
  }
}
