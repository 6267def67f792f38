import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCluster } from "../../../stand-ins/rke/cluster";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import { containerRequest } from "../../../stand-ins/rke/container";
import { uniqueHosts } from "../../../stand-ins/rke/hosts";
import { makeLog } from "../../../stand-ins/rke/log";
import { nodePlan } from "../../../stand-ins/rke/plan/node-plan";
import type { FullState } from "../../../stand-ins/rke/state";
import { up } from "../../../stand-ins/rke/up";
import { upFile } from "../../rke-golden";
import { FakeWorld } from "./fake-world";
import { messagesOf, projections } from "./transcript";

export const yml = (name: string) => upFile(`cluster-${name}.yml`);

export const HOSTS = {
  master1: "192.168.31.101",
  master2: "192.168.31.102",
  master3: "192.168.31.103",
  node1: "192.168.31.104",
  node2: "192.168.31.105",
};
export const DATACENTER_A = ["master1", "master2", "node1"];

/** Keys take time to make: runs of which only what follows is looked at start from certificates that are there. */
let made: Promise<FullState> | undefined;

async function bundleOfOneRun(): Promise<FullState> {
  const scene = new Scene();
  await scene.rke(yml("01-full"));
  const state = scene.state();
  scene.end();
  return { desiredState: state.desiredState, currentState: {} };
}

export async function sceneAfter(cluster: string): Promise<Scene> {
  made ??= bundleOfOneRun();
  const scene = new Scene();
  writeFileSync(join(scene.folder, "cluster.rkestate"), JSON.stringify(await made));
  await scene.rke(cluster);
  return scene;
}

/** A deploy host's folder and the hosts around it. RKE names its files relative to where it runs. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), "rke-replay-"));
  world = new FakeWorld(HOSTS);

  async rke(
    cluster: string,
    customCerts = false,
    certDir?: string,
  ): Promise<{ messages: string[]; touched: string[] }> {
    writeFileSync(join(this.folder, "cluster.yml"), cluster);
    for (const host of this.world.hosts) host.touched = [];
    const lines: string[] = [];
    const log = makeLog((line) => lines.push(line));
    const options = { config: "cluster.yml", ignoreDockerVersion: true, disablePortCheck: true, customCerts, certDir };
    const before = process.cwd();
    process.chdir(this.folder);
    try {
      await up(this.world, log, options);
    } catch (error) {
      log.fatal((error as Error).message);
    } finally {
      process.chdir(before);
    }
    const touched = this.world.hosts.flatMap((host) => host.touched.map((name) => `${host.name}/${name}`));
    return { messages: messagesOf(lines.join("\n")), touched };
  }

  powerOff(names: string[]): void {
    for (const name of names) this.world.host(name).on = false;
  }

  /** Does what an operator would do by hand, or the program by docker's API: a container as RKE would make it, edited. */
  recreate(cluster: string, host: string, service: string, edit: (args: string[]) => string[] = (args) => args): void {
    const planned = makeCluster(parseClusterFile(cluster, true), "cluster.yml");
    for (const each of uniqueHosts(planned)) each.info = { ...each.info, Architecture: "x86_64" };
    const found = uniqueHosts(planned).find((each) => each.name === host);
    const process = found && nodePlan(planned, found)[service];
    if (!process) throw new Error(`${host}/${service} is not planned`);
    const request = containerRequest(process);
    this.world.host(host).place(service, { ...request, Cmd: request.Cmd ? edit(request.Cmd) : null });
  }

  state(): FullState {
    return JSON.parse(readFileSync(join(this.folder, "cluster.rkestate"), "utf8")) as FullState;
  }

  editState(edit: (state: FullState) => void): void {
    const state = this.state();
    edit(state);
    writeFileSync(join(this.folder, "cluster.rkestate"), JSON.stringify(state));
  }

  dropFromCurrent(names: string[]): void {
    this.editState(({ currentState }) => {
      if (!currentState.rkeConfig) return;
      currentState.rkeConfig.nodes = currentState.rkeConfig.nodes.filter(
        (node) => !names.includes(node.hostnameOverride),
      );
    });
    for (const name of names) this.world.nodes.delete(name);
  }

  /** A failover before its `rke up`: A is off, etcd and the API server as RKE wants them, A gone from the state. */
  loseA(failover: string, recreated = ["etcd", "kube-apiserver"]): void {
    this.powerOff(DATACENTER_A);
    this.world.members = ["etcd-master3"];
    for (const service of recreated) this.recreate(failover, "master3", service);
    this.dropFromCurrent(DATACENTER_A);
  }

  end(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The part of a transcript that holds one run. */
export function run(file: string, from = /^/, to = /$^/): string {
  const lines = upFile(file).split("\n");
  const start = lines.findIndex((line) => from.test(line));
  const length = lines.slice(start + 1).findIndex((line) => to.test(line));
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}

export function assertSame(messages: string[], golden: string): void {
  const wanted = projections(messagesOf(golden), HOSTS);
  assert.ok(messagesOf(golden).length > 10, "the transcript holds a run");
  assert.deepEqual(projections(messages, HOSTS), wanted);
}
