/** An operator who knows nothing but what the program prints, and does what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../../lab/lab";
import { must } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import type { Command } from "../judge/history";
import { type Deed, type Refusal, refusalsIn, stopsIn, type Way } from "../judge/words";
import { withoutHosts } from "./checkout";
import type { Recorder } from "./recorder";

/** Which way an operator goes if a refusal says several. */
export type Taste = "first" | "last";

/** The most `up`s that the operator types for one act. */
const patience = 9;

export type Stack = "primary" | "failover";

/** What happens to an `up` while it runs; it returns how the operator is left. */
export type Disturbance = (up: RunningUp) => Promise<void>;

export interface RunningUp {
  /** True once it has ended. */
  ended: () => boolean;
  /** Kills it and all of its children by -9. */
  kill: () => void;
}

/** Confirmation and attestation stand in docs/runbook.md, too: its reader goes on where a refusal names only the value. */
function byRunbook(wrong: string, stack: Stack): Way | undefined {
  const [, key, value] = /^rke-dr:(confirm|attest)\b.*? must be "([^"]+)"/.exec(wrong) ?? [];
  return key === undefined
    ? undefined
    : { words: `docs/runbook.md: ${key}`, commands: [`pulumi config set ${key} ${value} --stack ${stack}`], deeds: [] };
}

export class Operator {
  /** As the last command set it. */
  epoch: number;
  /** When the first `up` of the last act began that wasn't refused beforehand, Unix milliseconds. */
  begunAt = 0;
  /** True if Pulumi.yaml lacks hosts that are to be put in again. */
  private takenOut = false;

  constructor(
    private readonly lab: Lab,
    private readonly recorder: Recorder,
    readonly workspace: Workspace,
    readonly stack: Stack,
    epoch: number,
    private readonly taste: Taste,
  ) {
    this.epoch = epoch;
  }

  /** Runs Pulumi with these arguments, and `--stack`. */
  async pulumi(args: readonly string[], more: Partial<Command> = {}): Promise<Command> {
    const at = Date.now();
    const all = [...args, "--stack", this.stack, "--non-interactive", "--color", "never"];
    const result = await this.lab.pulumi(all, { workspace: this.workspace });
    return this.note(args, at, result.code, result.stdout + result.stderr, more);
  }

  async set(key: string, value: string): Promise<void> {
    await this.pulumi(["config", "set", ...(key.includes(".") ? ["--path"] : []), key, value]);
    if (key === "epoch") this.epoch = Number(value);
  }

  /** An `up` that must find nothing to do. */
  upAgain(): Promise<Command> {
    return this.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"], { expectsNoChanges: true });
  }

  /**
   * Runs preview and does what its stops say, then `up` until it ends well, and does in between what each refusal says.
   * @param disturbance comes over the first `up` that isn't refused beforehand
   * @param leaves true if the operator has something else to do once that `up` was disturbed
   * @returns false if it never did, or if the operator has left
   */
  async act(disturbance?: Disturbance, leaves = false): Promise<boolean> {
    let next = disturbance;
    this.begunAt = 0;
    const preview = await this.pulumi(["preview"]);
    await this.obey(preview.code === 0 ? stopsIn(preview.printed) : refusalsIn(preview.printed));
    for (let i = 0; i < patience; i++) {
      const up: Command = next
        ? await this.disturbedUp(next)
        : await this.pulumi(["up", "--yes", "--skip-preview"], { mustEnd: true });
      const wasRefused = up.printed.includes("nothing was changed");
      if (!wasRefused) this.begunAt ||= up.at;
      if (up.disturbed || !wasRefused) next = undefined;
      if (up.code === 0) return true;
      if (up.disturbed && leaves) return false;
      if (up.disturbed) continue;
      if (!(await this.obey(refusalsIn(up.printed)))) return false;
    }
    return false;
  }

  /** Does what the refusals say: of each the first or the last way that can be gone. @returns false if none says anything */
  private async obey(refusals: readonly Refusal[]): Promise<boolean> {
    let did = false;
    const done = new Set<string>();
    for (const { wrong, ways } of refusals) {
      const open = ways.filter(({ commands, deeds }) => commands.length > 0 || deeds.length > 0);
      const way = open.at(this.taste === "first" ? 0 : -1) ?? byRunbook(wrong, this.stack);
      if (!way || done.has(way.words)) continue;
      done.add(way.words);
      did = true;
      this.recorder.event(`the operator does what is said: ${way.words}`);
      for (const command of way.commands) await this.type(command);
      for (const deed of way.deeds) await this.do(deed);
    }
    return did;
  }

  /** Types a printed command. Before the word that a datacenter is down is given, it is made true. */
  private async type(command: string): Promise<void> {
    const words = command.split(/\s+/).slice(1);
    const at = words.indexOf("--stack");
    const args = at < 0 ? words : words.filter((_, i) => i !== at && i !== at + 1);
    if (args.includes("attest")) await this.lab.powerOff(this.recorder.rules.lost);
    await this.pulumi(args);
    if (args[0] === "config" && args[1] === "set" && args[2] === "epoch") this.epoch = Number(args[3]);
  }

  private async do(deed: Deed): Promise<void> {
    const known = (names: readonly string[]) => names.filter((name) => this.lab.hosts().some((h) => h.name === name));
    switch (deed.do) {
      case "switch off":
        for (const host of known(deed.hosts)) await this.lab.powerOff(host);
        return;
      case "switch on":
        await this.lab.heal();
        for (const host of known(deed.hosts)) await this.lab.powerOn(host);
        return;
      case "on host":
        for (const host of known(deed.hosts).filter((name) => this.lab.isOn(name)))
          await this.lab.execOn(host, ["bash", "-c", deed.command]);
        return;
      case "free the disk":
        await this.lab.heal();
        return;
      case "take out":
        withoutHosts(this.workspace, ...deed.hosts);
        this.takenOut = true;
        return;
      case "declare":
        await this.declare();
        return;
      case "wait":
        await pause(15_000);
        return;
      case "again":
        return;
      default:
        deed satisfies never;
    }
  }

  private declare = () => must(["git", "-C", this.workspace.project, "checkout", "--", "Pulumi.yaml"]);

  /** If the act wanted hosts out of Pulumi.yaml: they are put in again, and `up` makes them hosts of the cluster. @returns false if it didn't */
  async putIn(): Promise<boolean> {
    if (!this.takenOut) return true;
    this.takenOut = false;
    await this.declare();
    return this.act();
  }

  private async disturbedUp(disturbance: Disturbance): Promise<Command> {
    const at = Date.now();
    const args = ["up", "--yes", "--skip-preview"];
    const command = await this.lab.pulumiCommand(
      [...args, "--stack", this.stack, "--non-interactive", "--color", "never"],
      this.workspace,
    );
    const [program = "", ...rest] = command.argv;
    const child: ChildProcess = spawn(program, rest, {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (printed += String(text)));
    let killed = false;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    await disturbance({
      ended: () => child.exitCode !== null || child.signalCode !== null,
      kill: () => {
        killed = true;
        if (child.exitCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
      },
    });
    await ended;
    const noted = this.note(
      args,
      at,
      child.exitCode ?? 137,
      printed,
      killed ? { disturbed: true, mustEnd: true } : { mustEnd: true },
    );
    if (killed) await this.afterKill();
    return noted;
  }

  /** As the runbook says: the lock is taken away; a file that was cut while it was written is replaced. */
  private async afterKill(): Promise<void> {
    const cancelled = await this.pulumi(["cancel", "--yes"]);
    if (!cancelled.printed.includes("failed to load checkpoint")) return;
    if (this.stack === "failover") {
      rmSync(join(this.workspace.backend, ".pulumi"), { recursive: true, force: true });
      return;
    }
    const file = join(this.workspace.backend, ".pulumi/stacks/rke-dr", `${this.stack}.json`);
    copyFileSync(`${file}.bak`, file);
  }

  private note(args: readonly string[], at: number, code: number, printed: string, more: Partial<Command>): Command {
    const verb = (["up", "preview", "cancel"] as const).find((name) => name === args[0]) ?? "config";
    const command: Command = {
      kind: "command",
      at,
      endedAt: Date.now(),
      stack: this.stack,
      epoch: this.epoch,
      verb,
      line: `pulumi ${args.join(" ")} --stack ${this.stack}`,
      code,
      printed,
      ...more,
    };
    this.recorder.add(command);
    this.recorder.event(`${command.line}: exit code ${code}, ${((command.endedAt - at) / 1000).toFixed(1)} s`);
    return command;
  }
}
