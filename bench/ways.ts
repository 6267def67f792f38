/** The ways to recover that are compared: by the program, by hand, and the floor of each. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DrillReport } from "../drill/report";
import { must } from "../lab/machine/run";
import { asOperator } from "../lab/operator/operator";
import type { Workspace } from "../lab/operator/project";
import { onHostScript } from "../on-host";
import { byHand, electionFile, withoutNodes } from "./by-hand";
import type { Container } from "./containers";
import { electionLog } from "./election";
import { type FloorSource, floorContainers, floorScript, makeContainers } from "./floor";
import type { Recovery, Scene } from "./scene";

/** A recovery by the program, with the steps that its report tells of. */
export interface ProgramRun extends Recovery {
  steps: DrillReport["failoverSteps"];
  /** Unix milliseconds. */
  commandAt: number;
}

/** @param settings what the operator sets of `recover`, as `KEY=VALUE` */
export async function byProgram(scene: Scene, name: string, settings: Record<string, string>): Promise<ProgramRun> {
  const clone = await scene.confirmed();
  for (const [key, value] of Object.entries(settings)) {
    await scene.pulumi(clone, "config", "set", "--path", `recover.${key}`, value, "--stack", "failover");
  }
  let commandAt = 0;
  const work = async () => {
    commandAt = Date.now();
    await scene.pulumi(clone, "up", "--yes", "--skip-preview", "--stack", "failover");
  };
  const recovery = await scene.recover(name, { work });
  const told = await scene.pulumi(clone, "stack", "output", "report", "--json", "--stack", "failover");
  return { ...recovery, commandAt, steps: (JSON.parse(told.stdout) as { steps: ProgramRun["steps"] }).steps };
}

const inspect = async (scene: Scene, name: string): Promise<Container> =>
  JSON.parse(await scene.on(scene.survivor, `docker inspect --format '{{json .}}' ${name}`)) as Container;

export async function manual(scene: Scene, name: string): Promise<Recovery> {
  let script = "";
  const before = async () => {
    const clusterYml = await scene.on(scene.survivor, "cat /etc/rke-dr/cluster.yml");
    script = byHand(await inspect(scene, "etcd"), withoutNodes(clusterYml, scene.lostAddresses));
  };
  return scene.recover(name, { before, work: () => bySsh(scene, script), election: `cat ${electionFile}` });
}

async function bySsh(scene: Scene, script: string): Promise<void> {
  const { lab } = scene;
  const options = ["-i", lab.operatorKeyPath, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"];
  const quiet = ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
  const target = `root@${scene.address(scene.survivor)}`;
  const port = ["-p", String(lab.state().topology.ssh.port)];
  const told = await must(asOperator(lab.place, ["ssh", ...options, ...quiet, ...port, target, "bash", "-s"]), {
    input: script,
  });
  scene.log("by-hand.log", told.stdout + told.stderr);
}

export async function floor(
  scene: Scene,
  name: string,
  from: "force" | "database" | "newest snapshot",
  election: "at once" | "by chance" = "at once",
): Promise<Recovery> {
  const campaign = election === "at once" ? onHostScript("lib/etcd/election") : "";
  let script = "";
  const before = async () => {
    const etcd = await inspect(scene, "etcd");
    const source: FloorSource =
      from === "newest snapshot"
        ? { snapshot: (await scene.on(scene.survivor, "ls /var/lib/rke-dr/snapshots/*.db | tail -n 1")).trim() }
        : from;
    const of = (name: string) => etcd.Config.Cmd.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1] ?? "";
    const bodies = floorContainers(etcd, await inspect(scene, "kube-apiserver"), source);
    await scene.on(scene.survivor, makeContainers(bodies));
    const certificate = /([^/]+)\.pem$/.exec(of("cert-file"))?.[1] ?? "";
    script = floorScript(certificate, of("advertise-client-urls"), source, campaign);
  };
  const work = async () => {
    await scene.on(scene.survivor, script);
  };
  return scene.recover(name, { before, work, election: electionLog("floor-etcd") });
}

/** Seconds of a `pulumi up` of an empty program, with the same engine, language host and kind of backend. */
export async function engineStart(scene: Scene, run: number): Promise<number> {
  const folder = join(scene.folder, `empty-${run}`);
  const workspace: Workspace = { project: join(folder, "project"), backend: join(folder, "backend") };
  for (const dir of [workspace.project, workspace.backend]) mkdirSync(dir, { recursive: true });
  const options = "runtime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n";
  writeFileSync(join(workspace.project, "Pulumi.yaml"), `name: rke-dr\n${options}`);
  writeFileSync(join(workspace.project, "package.json"), "{}\n");
  writeFileSync(join(workspace.project, "index.js"), "// nothing\n");
  symlinkSync(join(__dirname, "../node_modules"), join(workspace.project, "node_modules"));
  await scene.pulumi(workspace, "stack", "ls"); // makes the stacks
  const from = Date.now();
  await scene.pulumi(workspace, "up", "--yes", "--skip-preview", "--stack", "failover");
  return (Date.now() - from) / 1000;
}
