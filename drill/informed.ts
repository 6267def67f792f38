import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { until } from "../lab/machine/run";
import { end, startAsOperator } from "./client";
import { drillCluster } from "./cluster";
import type { Drill } from "./drill";
import { parseLog } from "./history";
import type { Heard, InformerConfig } from "./informer";
import { namespace } from "./workload";

const script = join(__dirname, "informer.ts");

/** A third party's informer, which watches the drill's ConfigMaps at the survivor's API server from before the disaster on. */
export class Informed {
  private constructor(
    private readonly child: ReturnType<typeof startAsOperator>,
    private readonly log: string,
  ) {}

  /** @param log file that gets a line of JSON for each change that it hears of */
  static async start(lab: Lab, deployHost: { name: string; address: string }, log: string): Promise<Informed> {
    const server = `https://${deployHost.address}:6443`;
    const config: InformerConfig = { server, ...(await drillCluster(lab).admin(deployHost.name)), namespace, log };
    return new Informed(startAsOperator(lab, script, config), log);
  }

  /** All that it heard of, in that order. */
  heard(): Heard[] {
    return existsSync(this.log) ? parseLog<Heard>(readFileSync(this.log, "utf8")) : [];
  }

  /** Names of the ConfigMaps that it believes to be there. */
  known(): Set<string> {
    let names = new Set<string>();
    for (const heard of this.heard()) {
      if (heard.event === "list") names = new Set(heard.names);
      else if (heard.event === "add") names.add(heard.name);
      else names.delete(heard.name);
    }
    return names;
  }

  /** Waits until it has heard of something, 60 s at most. */
  async listens(): Promise<void> {
    await until("informer: a first ConfigMap", 60, async () => this.known().size > 0);
  }

  stop(): Promise<void> {
    return end(this.child);
  }
}

/**
 * Checks that the informer, which nobody restarted, comes to know what the cluster has. If revisions went back unnoticed it would
 * go on with what is lost, and miss what is new.
 */
export async function knowsAll(drill: Drill, informed: Informed): Promise<void> {
  let missing: string[] = [];
  let gone: string[] = [];
  await drill.step("a third party's informer comes to know what the cluster has", async () => {
    await until("informer: all ConfigMaps", 60, async () => {
      // in this order: what was written in between is neither missing nor gone
      const before = await drill.writesThere();
      const known = informed.known();
      const after = await drill.writesThere();
      missing = [...before].map((n) => `write-${n}`).filter((name) => !known.has(name));
      gone = [...known].filter((name) => name.startsWith("write-") && !after.has(Number(name.slice(6))));
      return missing.length === 0 && gone.length === 0;
    }).catch(() => undefined);
  });
  drill.check(
    "an informer that nobody restarted knows what the cluster has",
    missing.length === 0 && gone.length === 0,
    `${missing.length} missing, ${gone.length} that are lost`,
  );
}
