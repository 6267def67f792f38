import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { LabError, type Result } from "../lab/machine/run";
import type { Workspace } from "../lab/operator/project";
import { type DrillCluster, drillCluster } from "./cluster";
import type { Check, DrillReport, DrillStep } from "./report";
import { namespace, readyPods } from "./workload";

/** The datacenter that a drill loses. */
export const lost = "a";

/** The failover stack's outputs that the drill reads. */
export interface StackReport {
  method: "forceNewCluster" | "restore";
  source: string;
  dataAsOf: string;
  steps: DrillReport["failoverSteps"];
}

/** Members of etcd, by host name. */
export type Members = Record<string, { id: string; learner: boolean }>;

/** One drill: its clock, its log, and what it has done so far. */
export class Drill {
  readonly steps: DrillStep[] = [];
  readonly checks: Check[] = [];

  constructor(
    readonly lab: Lab,
    private readonly folder: string,
  ) {
    this.cluster = drillCluster(lab);
  }

  readonly cluster: DrillCluster;

  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    say(`drill: ${name}`);
    const startedAt = Date.now();
    try {
      return await work();
    } finally {
      this.steps.push({ name, startedAt, seconds: (Date.now() - startedAt) / 1000 });
    }
  }

  check(what: string, ok: boolean, found: string): void {
    this.checks.push({ what, ok, found });
    say(`drill: ${ok ? "ok" : "FAILED"}: ${what}: ${found}`);
  }

  /** Runs Pulumi; the whole output goes to a log in the drill's folder, what the steps say to standard error. */
  async pulumi(args: string[], workspace: Workspace): Promise<Result> {
    const log = join(this.folder, `pulumi-${args[0]}-${args[args.indexOf("--stack") + 1]}.log`);
    return this.lab.pulumi([...args, "--non-interactive", "--color", "never"], {
      workspace,
      onLine: (line) => {
        appendFileSync(log, `${line}\n`);
        const told =
          /^ *[+~-]+ +command:remote:Command \S+ (?:creat|updat|replac)ing \(\d+s\)(?: \[[^\]]*\];?)? (.+)/.exec(line);
        if (told?.[1]) say(`  ${told[1]}`);
      },
    });
  }

  async mustPulumi(args: string[], workspace: Workspace): Promise<Result> {
    const result = await this.pulumi(args, workspace);
    if (result.code !== 0) {
      throw new LabError(`pulumi ${args.join(" ")}: exit code ${result.code}:\n${result.stdout}\n${result.stderr}`);
    }
    return result;
  }

  async kubectl(args: string[], input?: string): Promise<string> {
    const result = await this.lab.kubectl(args, { input });
    if (result.code !== 0) {
      throw new LabError(`kubectl ${args.join(" ")}: exit code ${result.code}: ${result.stderr.trim()}`);
    }
    return result.stdout;
  }

  /** The members of etcd by host name, as the first host that can tell has them: a learner can't. */
  async members(): Promise<Members> {
    const hosts = this.lab.hosts().filter((h) => this.lab.isOn(h.name));
    for (const { name } of hosts.sort((a, b) => Number(a.datacenter === lost) - Number(b.datacenter === lost))) {
      const list = await this.cluster.etcdctl(name, ["member", "list"]);
      if (list.code === 0) {
        const lines = list.stdout.trim().split("\n");
        return Object.fromEntries(
          lines
            .map((line) => line.split(", "))
            .map(([id = "", , member = "", , , learner]) => [this.hostOf(member), { id, learner: learner === "true" }]),
        );
      }
    }
    throw new LabError("drill: no host's etcd tells its members");
  }

  private hostOf(member: string): string {
    return this.lab.hosts().find((h) => this.cluster.member(h.name) === member)?.name ?? member;
  }

  /** The numbers of the client's writes that the cluster has. */
  async writesThere(within = namespace): Promise<Set<number>> {
    const list = await this.kubectl(["get", "configmaps", "-n", within, "-o", "name"]);
    return new Set([...list.matchAll(/write-(\d+)/g)].map((m) => Number(m[1])));
  }

  async pods(): Promise<{ name: string; node: string }[]> {
    return readyPods(await this.kubectl(["get", "pods", "-n", namespace, "-o", "json"]));
  }
}

export async function stackReport(drill: Drill, workspace: Workspace, stack: string): Promise<StackReport> {
  const output = await drill.mustPulumi(["stack", "output", "report", "--json", "--stack", stack], workspace);
  return JSON.parse(output.stdout) as StackReport;
}

/** The engine's count of resources, in one line. */
export function summary(result: Result): string {
  const at = result.stdout.indexOf("Resources:");
  return at < 0
    ? `exit code ${result.code}`
    : result.stdout
        .slice(at + 10)
        .trim()
        .split("\n")
        .map((l) => l.trim())
        .filter(Boolean)
        .slice(0, 3)
        .join(", ");
}
