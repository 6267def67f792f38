import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wantedConfirm } from "../../drill/failback";
import { machineProblems, thisMachine } from "../../lab/build/toolchain";
import { Lab } from "../../lab/lab";
import { type Result, until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import type { UpOptions } from "../../lab/up";
import type { FailoverSettings } from "../../plan/acts/failover/plan";

const root = join(__dirname, "../..");

/** Why no lab can run here, in one line; empty where it can. */
export const noLab = machineProblems(thisMachine()).join("; ");

/** A built cluster in a lab of its own, and what a test does with it. */
export class World {
  readonly lab = Lab.open(join(mkdtempSync(join(tmpdir(), "rke-dr-e2e-")), "lab"));
  /** Everything that Pulumi printed, and every command line on this machine meanwhile: to search for secrets. */
  printed = "";
  commandLines = new Set<string>();
  /** How often each process's command line was looked at. */
  private readonly looks = new Map<string, number>();

  /** Takes the lab up and builds the cluster. */
  async build(options: UpOptions = {}): Promise<void> {
    await this.lab.up(options);
    const built = await this.pulumi(await this.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(built.code, 0, built.all);
  }

  async pulumi(workspace: Workspace, ...args: string[]): Promise<Result & { all: string }> {
    const result = await this.noting(
      this.lab.pulumi([...args, "--non-interactive", "--color", "never"], { workspace }),
    );
    const all = result.stdout + result.stderr;
    this.printed += all;
    return { ...result, all };
  }

  /** Notes command lines until the work ends. */
  private noting<T>(work: Promise<T>): Promise<T> {
    const watch = setInterval(() => this.noteCommandLines(), 100);
    return work.finally(() => clearInterval(watch));
  }

  /**
   * The hosts' processes are this machine's, too: hundreds, most of which stay what they are. A process gets its command line within
   * moments of its start, and seldom another one: it is looked at three times, then every tenth time.
   */
  private noteCommandLines(): void {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const there = new Set(pids);
    for (const pid of this.looks.keys()) if (!there.has(pid)) this.looks.delete(pid);
    for (const pid of pids) {
      const looks = this.looks.get(pid) ?? 0;
      this.looks.set(pid, looks + 1);
      if (looks > 2 && looks % 10 > 0) continue;
      try {
        this.commandLines.add(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
      } catch {
        // it has ended since
      }
    }
  }

  failover(workspace: Workspace, verb: "up" | "preview" = "up") {
    const how = verb === "up" ? ["up", "--yes", "--skip-preview"] : ["preview"];
    return this.pulumi(workspace, ...how, "--stack", "failover");
  }

  /** An `up` that must find nothing to do. */
  upAgain(workspace: Workspace) {
    return this.pulumi(workspace, "up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "failover");
  }

  async set(workspace: Workspace, key: string, value: string, stack = "failover"): Promise<void> {
    await this.pulumi(workspace, "config", "set", key, value, "--stack", stack);
  }

  /** A fresh clone whose operator confirmed and attested. @param settings further ones, by their paths */
  async confirmed(name: string, epoch = 2, settings: Record<string, string> = {}): Promise<Workspace> {
    const clone = await this.lab.newClone(name);
    const all = { epoch: `${epoch}`, confirm: `a@${epoch}`, attest: `powered-off@a@${epoch}`, ...settings };
    for (const [path, value] of Object.entries(all)) {
      await this.pulumi(clone, "config", "set", "--path", path, value, "--stack", "failover");
    }
    return clone;
  }

  /** Pins the act by the hash that preview ends with. @returns the hash */
  async pin(workspace: Workspace): Promise<string> {
    const { all } = await this.failover(workspace, "preview");
    const [, hash] = /The act's hash: ([0-9a-f]{32})$/m.exec(all) ?? [];
    assert.ok(hash, all);
    await this.set(workspace, "confirm", `a@2:${hash}`);
    return hash;
  }

  /** The guards that stop a failover of `a` with the workspace's topology: "GUARD: what was found" each. */
  async stops(workspace: Workspace, settings: Partial<FailoverSettings> = {}): Promise<string[]> {
    const all = { lost: "a", epoch: 2, from: "auto", confirm: "a@2", attest: "powered-off@a@2", ...settings };
    const script = [join(__dirname, "guards.ts"), join(workspace.project, "Pulumi.yaml"), JSON.stringify(all)];
    const told = await this.lab.inOperator([process.execPath, "--import", "tsx", ...script], { cwd: root });
    this.printed += told.stdout + told.stderr;
    if (told.code !== 0) throw new Error(told.stderr);
    return JSON.parse(told.stdout) as string[];
  }

  /** `npm run report`, as the operator. */
  async report(workspace: Workspace, ...args: string[]): Promise<Result> {
    const command = [
      join(root, "cli/report.ts"),
      "--last",
      ...args,
      "--topology",
      join(workspace.project, "Pulumi.yaml"),
    ];
    const told = await this.lab.inOperator([process.execPath, "--import", "tsx", ...command], { cwd: root });
    this.printed += told.stdout + told.stderr;
    return told;
  }

  /** Sets a failback's epoch, and confirms it with the word that preview exports. @returns what preview said */
  async confirmFailback(project: Workspace, epoch: number): Promise<string> {
    await this.set(project, "epoch", String(epoch), "primary");
    const preview = await this.pulumi(project, "preview", "--stack", "primary");
    await this.set(project, "confirm", wantedConfirm(preview.all), "primary");
    return preview.all;
  }

  edit(workspace: Workspace, file: string, change: (text: string) => string): void {
    const path = join(workspace.project, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  async on(host: string, script: string): Promise<string> {
    return (await this.lab.execOn(host, ["bash", "-c", script])).stdout.trim();
  }

  async holds(host: string, script: string): Promise<boolean> {
    return (await this.lab.execOn(host, ["bash", "-c", script])).code === 0;
  }

  /** Writes a configmap through the API, for `kept` to look for after a recovery. */
  async wrote(name: string): Promise<void> {
    const created = await this.lab.kubectl(["create", "configmap", name, "--from-literal=a=b"]);
    assert.equal(created.code, 0, created.stderr);
  }

  /** The configmap that was written before is there, with what it holds. */
  async kept(name: string): Promise<void> {
    const kept = await this.lab.kubectl(["get", "configmap", name, "-o", "jsonpath={.data.a}"]);
    assert.equal(kept.stdout, "b");
  }

  /** The things that a refused act must leave as they were: epoch, containers by id, and files of the deploy host. */
  traces(host: string): Promise<string> {
    return this.on(
      host,
      `cat /var/lib/rke-dr/epoch /var/lib/rke-dr/act; docker ps -a --no-trunc --format '{{.ID}} {{.Names}}' | sort; sha256sum /etc/rke-dr/cluster.*`,
    );
  }

  /**
   * Starts an `up` and kills its whole process tree by -9 as soon as `when` holds.
   * @param powerCut a host that loses its power at the same moment; it is on again when this returns
   */
  async kill(
    workspace: Workspace,
    when: () => Promise<boolean>,
    powerCut?: string,
    stack: "primary" | "failover" = "failover",
  ): Promise<void> {
    const command = await this.lab.pulumiCommand(
      ["up", "--yes", "--skip-preview", "--stack", stack, "--non-interactive"],
      workspace,
    );
    const [program = "", ...args] = command.argv;
    const child: ChildProcess = spawn(program, args, { ...command, detached: true, stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const moment = until("the moment to kill pulumi", 200, async () => {
      if (child.exitCode !== null) throw new Error(`pulumi ended with ${child.exitCode} before it was killed`);
      return when();
    });
    await this.noting(moment);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await Promise.all([ended, powerCut && this.lab.powerOff(powerCut)]);
    if (powerCut) await this.lab.powerOn(powerCut);
    // its lock stays in the backend, as DESIGN says
    const cancelled = await this.pulumi(workspace, "cancel", "--yes", "--stack", stack);
    // killed while it wrote its file, Pulumi leaves it cut: then the operator goes on with an empty backend; primary's, which
    // holds the CA, with the copy that Pulumi keeps beside
    if (cancelled.all.includes("failed to load checkpoint")) {
      if (stack === "failover") {
        this.emptyBackend(workspace);
        await this.pulumi(workspace, "stack", "ls");
      } else this.lastCopy(workspace, stack);
    }
  }

  /**
   * The same at a moment of `host`, however short: no step goes on there, from the command that brought the moment about to the kill.
   * Steps that their host survives then go on without an operator.
   * @param there the command that succeeds on `host` when the moment has come; it fails now
   */
  async killAt(
    workspace: Workspace,
    [host, there]: [host: string, there: string],
    powerCut?: string,
    stack: "primary" | "failover" = "failover",
  ): Promise<void> {
    assert.equal(await this.holds(host, there), false, "the moment has passed before its turn came");
    await this.on(host, halting(there));
    await this.kill(workspace, () => this.holds(host, `timeout 10 bash ${halt}/watch`), powerCut, stack);
    // a step that goes on still looks for the moment, by what lies here
    const disarm = `rm -rf ~/.bashrc ${halt}; [[ ! -e /run/halted ]] || xargs -r kill -CONT </run/halted; rm -f /run/halted`;
    await this.on(host, disarm);
  }

  /**
   * Starts an `up` of stack failover, cuts the power of `host` at a moment there, and leaves pulumi alone: it ends by itself.
   * @returns what pulumi said; the host is on again
   */
  async cutOffAt(
    workspace: Workspace,
    [host, there]: [host: string, there: string],
  ): Promise<Result & { all: string }> {
    assert.equal(await this.holds(host, there), false, "the moment has passed before its turn came");
    await this.on(host, halting(there));
    const running = this.failover(workspace);
    await this.noting(
      until("the moment to cut the power", 200, () => this.holds(host, `timeout 10 bash ${halt}/watch`)),
    );
    await this.lab.powerOff(host);
    const result = await running;
    await this.lab.powerOn(host);
    await this.on(host, `rm -rf ~/.bashrc ${halt} /run/halted`);
    return result;
  }

  private lastCopy(workspace: Workspace, stack: string): void {
    const file = join(workspace.backend, ".pulumi/stacks/rke-dr", `${stack}.json`);
    copyFileSync(`${file}.bak`, file);
  }

  /** The hosts have what a failover needs; stacks are made anew at the next use of `pulumi`. */
  emptyBackend(workspace: Workspace): void {
    rmSync(join(workspace.backend, ".pulumi"), { recursive: true, force: true });
  }
}

/** The folder on a host of the files that stop steps at a moment. */
const halt = "/root/halt";

/**
 * Prepares it. A watch sees a moment late, and moments that lie milliseconds apart not at all: so each bash that comes by SSH looks for
 * the moment itself, after each command that may change something. What takes long in one command, such as `rke up`, is watched as well.
 */
const halting = (there: string) => `set -e
rm -f /run/halted
mkdir -p ${halt}
cat >${halt}/watch <<'END'
until { ${there}; } </dev/null >/dev/null 2>&1; do
  [[ $1 != once ]] || exit 1
  sleep 0.05
done
for file in /var/lib/rke-dr/lock.*.pid; do
  # the process that a file tells of may have ended since, its number be another's
  pid=$(cat "$file")
  if grep -qsxze -s "/proc/$pid/cmdline" && kill -STOP "$pid"; then echo "$pid" >>/run/halted; fi
done
exit 0
END
cat >${halt}/look <<'END'
set -T
last=""
trap 'case $last in mv*|ln*|touch*|docker*|answer*|set_container*|etcdctl*) BASH_ENV= bash ${halt}/watch once </dev/null >/dev/null 2>&1 || : ;; esac; last=$BASH_COMMAND' DEBUG
END
echo 'export BASH_ENV=${halt}/look' >~/.bashrc`;
