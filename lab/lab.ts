/** A lab, as the command line and the drill use it. */
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { takeDown } from "./down";
import { aimAt } from "./faults/container";
import { corruptEtcd } from "./faults/etcd-data";
import { dropHosts, healAll, refuseSetClock, slowLinks } from "./faults/faults";
import { fillDisk } from "./faults/full-disk";
import { freezeHost } from "./hosts/freezer";
import { initOf, isOn, markOff, onHost, switchOff } from "./hosts/host";
import { keepLab, raiseKept } from "./kept";
import { withLock } from "./machine/lock";
import { SYSTEM_PATH } from "./machine/packages";
import { say } from "./machine/progress";
import { all, LabError, type Result, type RunOptions, run } from "./machine/run";
import { setLink, unplug } from "./network/network";
import { type DatacenterPlan, type NetworkPlan, planNetwork } from "./network/network-plan";
import { chooseEngine, type Engine } from "./operator/engine";
import { kubectlCommand, operatorKubeconfig } from "./operator/kubeconfig";
import { asOperator, operatorDir, operatorKeyPath } from "./operator/operator";
import { cloneProject, operatorProject, projectOf, type Workspace } from "./operator/project";
import { type Command, makeStacks, pulumiCommand } from "./operator/pulumi-run";
import { rebuildDisk } from "./rebuild";
import { type Place, placeOf } from "./state/place";
import { type LabState, readState } from "./state/state";
import { type LabHost, targetHosts } from "./state/topology";
import { type LabStatus, labStatus, standIns } from "./status";
import { powerOn, raise, type UpOptions } from "./up";

export interface PulumiOptions extends Omit<RunOptions, "cwd"> {
  /** Default: the operator's own. */
  workspace?: Workspace;
}

export class Lab {
  private chosen?: Engine;

  private constructor(readonly place: Place) {}

  /** The lab of LAB_DIR, or of `dir`; nothing is made yet. */
  static open(dir?: string): Lab {
    // A root shell without the system folders on its PATH is common enough.
    process.env.PATH = [...new Set([...(process.env.PATH ?? "").split(":"), ...SYSTEM_PATH])].filter(Boolean).join(":");
    return new Lab(placeOf(dir ? { ...process.env, LAB_DIR: dir } : process.env, homedir()));
  }

  async up(options: UpOptions = {}): Promise<void> {
    await this.alone(() => raise(this.place, options));
  }

  /** Copies the disks of all hosts, which are off, and the operator's files into a folder that isn't there yet. */
  async keep(folder: string): Promise<void> {
    await this.alone(() => keepLab(this.place, this.state(), folder));
  }

  /** Raises the lab from a folder of `keep`, all hosts on. A lab that is up in its place, or its remains, go first. */
  async raiseKept(folder: string): Promise<void> {
    await this.alone(() => raiseKept(this.place, folder));
  }

  async down(): Promise<void> {
    await this.alone(() => takeDown(this.place));
  }

  hosts(): (LabHost & { datacenter: string; deploys: boolean })[] {
    return this.state().topology.datacenters.flatMap((dc) =>
      dc.hosts.map((host) => ({ ...host, datacenter: dc.name, deploys: dc.deployHost === host.name })),
    );
  }

  isOn(host: string): boolean {
    return isOn(this.place, host);
  }

  /** Pulls the plug of hosts, or of all hosts of datacenters, at one moment. */
  async powerOff(...targets: string[]): Promise<void> {
    await this.alone(async () => {
      const hosts = targets.flatMap((target) => targetHosts(this.state().topology, target));
      await all(
        hosts.map(async ({ name }) => {
          const wasOn = isOn(this.place, name);
          markOff(this.place, name);
          await Promise.all([unplug(this.network(), name), switchOff(this.place, name)]);
          say(`host ${name}: ${wasOn ? "off" : "was off already"}`);
        }),
      );
    });
  }

  async powerOn(...targets: string[]): Promise<void> {
    await this.alone(async () => {
      const { topology } = this.state();
      await all(
        targets
          .flatMap((target) => targetHosts(topology, target))
          .map(async (host) => {
            if (isOn(this.place, host.name)) say(`host ${host.name}: was on already`);
            else await powerOn(this.place, this.network(), topology, host);
          }),
      );
    });
  }

  /** As after a broken disk: the host is set up anew, with nothing on it but its SSH host key, and on. */
  async rebuild(host: string): Promise<void> {
    this.named(host);
    await this.powerOff(host);
    await this.alone(async () => {
      await rebuildDisk(this.place, this.state(), host);
      say(`host ${host}: set up anew, its disk is empty`);
    });
    await this.powerOn(host);
  }

  /** Cuts a datacenter from the others; without a name, all from each other. */
  async cutLink(datacenter?: string): Promise<void> {
    await this.switchLinks(datacenter, "down");
  }

  async healLink(datacenter?: string): Promise<void> {
    await this.switchLinks(datacenter, "up");
  }

  /** Cuts the operator from a datacenter; its hosts go on reaching the other ones. */
  async cutOperator(datacenter: string): Promise<void> {
    await this.fault(`operator's link to datacenter ${datacenter}: cut`, async (plan) => {
      for (const { operatorPort } of this.datacenters(datacenter)) await setLink(plan, operatorPort, "down");
    });
  }

  /** Each packet between datacenters takes `milliseconds` longer, each way, and may get lost. */
  async slowLink(milliseconds: number, lossPercent = 0): Promise<void> {
    const what = `links between datacenters: ${milliseconds} ms slower, ${lossPercent} % of packets lost`;
    await this.fault(what, (plan) => slowLinks(this.place, plan, milliseconds, lossPercent));
  }

  /** The hosts' kernels still accept connections; no process answers. */
  async freeze(target: string): Promise<void> {
    await this.fault(`${target}: frozen`, () =>
      all(this.named(target).map((host) => freezeHost(this.place, host, initOf(this.place, host)))),
    );
  }

  /** Packets from and to the hosts vanish, without any "no route" or "refused". */
  async drop(target: string): Promise<void> {
    await this.fault(`${target}: packets vanish`, (plan) => dropHosts(plan, this.named(target)));
  }

  async fillDisk(host: string): Promise<void> {
    await this.fault(`host ${host}: disk full`, () => all(this.named(host).map((name) => fillDisk(this.place, name))));
  }

  async corruptEtcd(host: string): Promise<void> {
    await this.fault(`host ${host}: etcd's database corrupt`, async () => {
      for (const name of this.named(host)) corruptEtcd(this.place, name);
    });
  }

  /** Kills a container's process with SIGKILL; the runtime heeds its restart policy. */
  async kill(host: string, container: string): Promise<void> {
    await this.fault(`host ${host}: container ${container} killed`, async () =>
      (await aimAt(this.place, this.named(host), container))(),
    );
  }

  /**
   * Finds a container's process on each of these hosts.
   * @returns kills all of them at one moment; nobody else may use the lab meanwhile
   */
  aim(hosts: string[], container: string): Promise<() => void> {
    return aimAt(
      this.place,
      hosts.flatMap((host) => this.named(host)),
      container,
    );
  }

  async setClock(host: string, seconds: number): Promise<void> {
    this.named(host);
    refuseSetClock(host, seconds);
  }

  /** Undoes all faults. A host that is off stays off, and faults inside it stay until it is on. */
  async heal(): Promise<void> {
    await this.alone(async () => {
      const { healed, left } = await healAll(this.place, this.network());
      say(healed.length > 0 ? `healed: ${healed.join(", ")}` : "healed: nothing");
      if (left.length > 0) say(`left until its host is on and healed again: ${left.join(", ")}`);
    });
  }

  async execOn(host: string, argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run(this.hostCommand(host, argv), options);
  }

  /** The whole command that runs `argv` on a host. */
  hostCommand(host: string, argv: readonly string[], env: Record<string, string> = {}): string[] {
    targetHosts(this.state().topology, host);
    return onHost(this.place, host, argv, env);
  }

  /** Runs in the operator's network namespace, with the machine's own files. */
  async inOperator(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    this.state();
    return run(asOperator(this.place, argv), options);
  }

  /** Runs Pulumi as the operator; makes project, backend and stacks at first use. */
  async pulumi(args: readonly string[], options: PulumiOptions = {}): Promise<Result> {
    const command = await this.pulumiCommand(args, options.workspace);
    return run(command.argv, { ...options, cwd: command.cwd, env: { ...command.env, ...options.env } });
  }

  /** The command line and environment of `pulumi`, for a caller that reads its streams. */
  async pulumiCommand(args: readonly string[], workspace?: Workspace): Promise<Command> {
    const used = workspace ?? (await this.project());
    const engine = await this.engine();
    await makeStacks(this.place, engine, used);
    return pulumiCommand(this.place, engine, used, args);
  }

  /** The whole command of a rehearsal, as the operator runs it. */
  async rehearseCommand(args: readonly string[], workspace?: Workspace): Promise<Command> {
    const { project } = workspace ?? (await this.project());
    const argv = asOperator(this.place, [process.execPath, "--import", "tsx", "cli/rehearse.ts", ...args]);
    return { argv, cwd: project, env: process.env };
  }

  /** Chooses the Pulumi to use, building it if need be, and says which. */
  async engine(): Promise<Engine> {
    this.state();
    if (!this.chosen) {
      this.chosen = await chooseEngine(this.place);
      writeFileSync(join(operatorDir(this.place), "engine.json"), `${JSON.stringify(this.chosen, null, 2)}\n`);
      say(`${this.chosen.line} (${this.chosen.pulumi})`);
    }
    return this.chosen;
  }

  /** The operator's copy of the project, with its backend. */
  async project(): Promise<Workspace> {
    const { topology, topologyFile } = this.state();
    return operatorProject(this.place, topology, topologyFile);
  }

  /** A fresh clone of the operator's project, with an empty backend. */
  async newClone(name: string): Promise<Workspace> {
    return cloneProject(this.place, await this.project(), name);
  }

  /** The operator's project as another version of the program has it (a folder with its files and packages), with an empty backend. */
  async projectOf(checkout: string, name: string): Promise<Workspace> {
    return projectOf(this.place, this.state().topology, checkout, name);
  }

  async kubectl(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run(await this.kubectlCommand(args), options);
  }

  async kubectlCommand(args: readonly string[]): Promise<string[]> {
    const state = this.state();
    return kubectlCommand(this.place, state, await operatorKubeconfig(this.place, state), args);
  }

  async status(): Promise<LabStatus> {
    return labStatus(this.place, (state) => planNetwork(this.place.name, state.topology));
  }

  /** The parts that aren't the real thing. */
  standIns(): string[] {
    return standIns(this.place, this.state());
  }

  get operatorKeyPath(): string {
    return operatorKeyPath(this.place);
  }

  initPid(host: string): number | undefined {
    return initOf(this.place, host)?.pid;
  }

  state(): LabState {
    const state = readState(this.place);
    if (!state) throw new LabError(`lab in ${this.place.dir}: must be up, is down: run \`npm run lab -- up\``);
    if (state.phase !== "up")
      throw new LabError(
        `lab in ${this.place.dir}: must be up, an \`up\` was killed or still runs: wait for it, or run \`npm run lab -- down\``,
      );
    return state;
  }

  network(): NetworkPlan {
    return planNetwork(this.place.name, this.state().topology);
  }

  private async switchLinks(datacenter: string | undefined, state: "up" | "down"): Promise<void> {
    for (const dc of this.datacenters(datacenter)) {
      await setLink(this.network(), dc.uplink, state);
      say(`link of datacenter ${dc.name} to the others: ${state === "up" ? "healed" : "cut"}`);
    }
  }

  private datacenters(datacenter: string | undefined): DatacenterPlan[] {
    const { datacenters } = this.network();
    const chosen = datacenters.filter(({ name }) => datacenter === undefined || name === datacenter);
    if (chosen.length > 0) return chosen;
    const known = datacenters.map(({ name }) => name).join(", ");
    throw new LabError(`datacenter: must be one of the lab's (${known}), is "${datacenter}"`);
  }

  private named(target: string): string[] {
    return targetHosts(this.state().topology, target).map(({ name }) => name);
  }

  private async fault(what: string, work: (plan: NetworkPlan) => Promise<unknown>): Promise<void> {
    await this.alone(async () => {
      await work(this.network());
      say(what);
    });
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.place.dir, `lab ${this.place.id}`, 0, work);
  }
}
