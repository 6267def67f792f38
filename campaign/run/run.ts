/** One run: peace, a disaster, the act, the return, the failback, the next disaster, as they were drawn. */
import { setTimeout as pause } from "node:timers/promises";
import { Drill, stackReport } from "../../drill/drill";
import type { Lab } from "../../lab/lab";
import { LabError, until } from "../../lab/machine/run";
import type { Choices } from "../draw/axes";
import type { History } from "../judge/history";
import { withoutHosts } from "./checkout";
import { Clients } from "./clients";
import { strike } from "./disasters";
import { disturbanceOf } from "./moments";
import { Operator } from "./operator";
import { makeData, makePeace } from "./peace";
import { Readings } from "./readings";
import { Recorder } from "./recorder";
import { powerOnLost, type Sides, sidesOf } from "./sides";

export interface RunResult {
  history: History;
  reached: string[];
}

/** Runs the choices on a lab whose hosts are on. Whatever goes wrong is in the history. @param folder gets the run's files */
export async function runOn(lab: Lab, choices: Choices, folder: string): Promise<RunResult> {
  const guard = choices["return guard"] === "off" ? "off" : "on";
  const recorder = new Recorder(folder, { lost: "a", returnGuard: guard });
  for (const axis of ["topology", "etcd", "raft snapshots", "return guard"]) recorder.reach(axis, choices[axis] ?? "");
  const run = new Run(lab, choices, folder, recorder, await sidesOf(lab));
  try {
    await run.whole();
  } catch (error) {
    recorder.add({ kind: "broken", at: Date.now(), why: error instanceof Error ? error.message : String(error) });
  } finally {
    await run.end();
  }
  return { history: recorder.history(), reached: [...recorder.reached] };
}

class Run {
  private clients?: Clients;
  private readonly readings: Readings;
  private readonly backends: string[] = [];
  private failovers = 0;

  constructor(
    private readonly lab: Lab,
    private readonly choices: Choices,
    private readonly folder: string,
    private readonly recorder: Recorder,
    private readonly sides: Sides,
  ) {
    this.readings = new Readings(lab, recorder, folder);
  }

  async whole(): Promise<void> {
    const { choices, lab, recorder, sides } = this;
    await this.servesEverywhere();
    this.clients = await Clients.start(lab, sides, this.folder);
    await this.bothWrite();
    await this.clients.listens(180);
    const project = await lab.project();
    this.backends.push(project.backend);
    const primary = new Operator(lab, recorder, project, "primary", 1);
    const peace = { lab, recorder, sides, primary };
    await makePeace(peace, choices);
    await makeData(peace, choices);
    await this.bothWrite();
    await this.readings.world();
    await this.readings.holdings();
    await strike(lab, recorder, sides, choices.disaster ?? "");

    const operator = await this.failover(2);
    if (operator === undefined) return;
    const returned = await this.return(operator.epoch);
    if (!returned) return this.lastReadings("after the failover");
    if (!(await this.failback(primary, operator.epoch + 1))) return;
    if (choices["next disaster"] === "power of a again") {
      await strike(lab, recorder, sides, "power");
      recorder.reach("next disaster", "power of a again");
      if (!(await this.failover(primary.epoch + 1))) return;
      return this.lastReadings("after the next failover");
    }
    recorder.reach("next disaster", "none");
    return this.lastReadings("after the failback");
  }

  /** After power comes on: every side's API takes requests. */
  private async servesEverywhere(): Promise<void> {
    for (const server of [...this.sides.servers("a"), ...this.sides.servers("b")]) {
      await until(`${server}: ready`, 180, async () => {
        const asked = await this.lab.inOperator(["curl", "-sk", "--max-time", "3", `${server}/readyz`]);
        return asked.stdout === "ok" || /Unauthorized|forbidden/i.test(asked.stdout);
      });
    }
  }

  private async bothWrite(): Promise<void> {
    const since = Date.now();
    for (const side of [this.sides.lost, this.sides.left]) await this.clients?.acknowledged(side, 8, since, 120);
  }

  private async failover(epoch: number): Promise<Operator | undefined> {
    const { choices, lab, recorder, sides } = this;
    const first = this.failovers++ === 0;
    const operator = await this.operatorOf(`failover-${epoch}`, epoch);
    const { recover = "auto", checkout = "as built" } = choices;
    if (first) {
      if (recover === "restore") await operator.set("recover.method", "restore");
      if (recover === "snapshot") await operator.set("recover.from", "snapshot");
      recorder.reach("recover", recover);
      if (checkout === "lacks a worker")
        withoutHosts(operator.workspace, sides.survivors.find((h) => !h.roles?.includes("controlplane"))?.name ?? "");
      if (checkout === "lacks a lost voter") withoutHosts(operator.workspace, sides.lostVoters.at(-1) ?? "");
      recorder.reach("checkout", checkout);
    }
    await operator.preview();
    const value = first ? (choices["during the act"] ?? "nothing") : "nothing";
    if (first && value === "nothing") this.reachNothing("during the act", "moment of the act");
    const disturbance = disturbanceOf(
      { lab, recorder, sides, epoch, axis: "during the act", value, moment: choices["moment of the act"] ?? "" },
      () => this.operatorOf(`somebody-else-${epoch}`, epoch, operator),
    );
    const at = Date.now();
    const ended = await operator.act(disturbance);
    if (!ended) return undefined;
    await this.clients?.acknowledged(sides.left, 5, Date.now(), 90);
    const told = await stackReport(new Drill(lab, this.folder), operator.workspace, "failover");
    const dataAsOf = Date.parse(told.dataAsOf);
    recorder.add({
      kind: "act",
      at,
      endedAt: Date.now(),
      type: "failover",
      epoch: operator.epoch,
      method: told.method,
      source: told.source,
      ...(Number.isNaN(dataAsOf) ? {} : { dataAsOf }),
      hosts: sides.lostHosts.map((h) => h.name),
    });
    await operator.upAgain();
    await this.readings.world();
    await this.readings.holdings();
    return operator;
  }

  /** @param like an operator whose confirmations this one has, too */
  private async operatorOf(name: string, epoch: number, like?: Operator): Promise<Operator> {
    const { lab, recorder } = this;
    const workspace = await lab.newClone(name);
    this.backends.push(workspace.backend);
    const operator = new Operator(lab, recorder, workspace, "failover", epoch);
    if (epoch !== 2) await operator.set("epoch", String(epoch));
    if (like) {
      await operator.set("confirm", `${this.sides.lost}@${epoch}`);
      await operator.set("attest", `powered-off@${this.sides.lost}@${epoch}`);
      if (this.choices.recover === "restore") await operator.set("recover.method", "restore");
      if (this.choices.recover === "snapshot") await operator.set("recover.from", "snapshot");
    }
    return operator;
  }

  /** Gives the lost side its power back. @returns false if it never has it again */
  private async return(epoch: number): Promise<boolean> {
    const { choices, lab, recorder, sides } = this;
    const { lost, left, lostHosts } = sides;
    const how = choices.return ?? "never";
    if (how === "never") {
      recorder.reach("return", how);
      return false;
    }
    await lab.heal();
    switch (how) {
      case "all at once":
        await powerOnLost(lab, sides);
        break;
      case "host by host":
        for (const { name } of lostHosts) {
          await lab.powerOn(name);
          await pause(5000);
        }
        break;
      case "a alone first":
        await lab.powerOff(left);
        await powerOnLost(lab, sides);
        await pause(20_000);
        await lab.powerOn(left);
        break;
      default:
        throw new Error(`return: no such value: "${how}"`);
    }
    recorder.event(`datacenter ${lost} has power again: ${how}`);
    recorder.reach("return", how);
    if (recorder.rules.returnGuard === "off") return true;
    for (const host of sides.lostVoters) {
      const there = async () => (await lab.execOn(host, ["cat", "/var/lib/rke-dr/quarantine"])).code === 0;
      await until(`${host}: quarantine after epoch ${epoch}`, 120, there);
    }
    return true;
  }

  private async failback(primary: Operator, epoch: number): Promise<boolean> {
    const { choices, lab, recorder, sides } = this;
    await primary.set("epoch", String(epoch));
    await primary.preview();
    const value = choices["during the failback"] ?? "nothing";
    if (value === "nothing") this.reachNothing("during the failback", "moment of the failback");
    const disturbance = disturbanceOf(
      {
        lab,
        recorder,
        sides,
        epoch,
        axis: "during the failback",
        value,
        moment: choices["moment of the failback"] ?? "",
      },
      () => Promise.reject(new LabError("nobody else brings a side back")),
    );
    const at = Date.now();
    if (!(await primary.act(disturbance))) return false;
    const hosts = sides.lostHosts.map((h) => h.name);
    recorder.add({ kind: "act", at, endedAt: Date.now(), type: "failback", epoch: primary.epoch, hosts });
    await primary.upAgain();
    await this.bothWrite();
    await this.readings.members("after the failback");
    await this.readings.holdings();
    return true;
  }

  private reachNothing(axis: string, moment: string): void {
    this.recorder.reach(axis, "nothing");
    this.recorder.reach(moment, "none");
  }

  private async lastReadings(reading: string): Promise<void> {
    await this.clients?.stopWriters();
    await this.readings.present(this.sides.left);
    const last = this.recorder
      .history()
      .entries.filter((e) => e.kind === "present")
      .at(-1);
    await this.clients?.informed(last?.kind === "present" ? last.keys : [], 30);
    await this.readings.members(reading);
    await this.readings.holdings();
    await this.readings.secrets(this.backends);
  }

  async end(): Promise<void> {
    await this.clients?.stop();
    if (this.clients) this.recorder.add(...this.clients.entries());
  }
}
