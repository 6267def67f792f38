/** The clients of a run: a writer at each side, and a third party's informer at the survivor. */
import { join } from "node:path";
import { Client } from "../../drill/client";
import { Drill } from "../../drill/drill";
import { Informed } from "../../drill/informed";
import type { Heard } from "../../drill/informer";
import { namespace } from "../../drill/workload";
import type { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import type { Entry } from "../judge/history";
import type { Sides } from "./sides";

const isKey = (name: string): boolean => /^[ab]-\d+$/.test(name);

export class Clients {
  private constructor(
    private readonly writers: Record<string, Client>,
    private readonly informer: Informed,
  ) {}

  static async start(lab: Lab, sides: Sides, folder: string): Promise<Clients> {
    const drill = new Drill(lab, folder);
    // an API server answers before its etcd has a leader
    await until(`namespace ${namespace}`, 180, async () => {
      const made = await lab.kubectl(["create", "namespace", namespace]);
      return made.code === 0 || made.stderr.includes("AlreadyExists");
    });
    const writers: Record<string, Client> = {};
    for (const side of [sides.lost, sides.left]) {
      const log = join(folder, `writes-${side}.jsonl`);
      writers[side] = await Client.start(lab, sides.survivor.name, sides.servers(side), log, namespace, side);
    }
    return new Clients(writers, await Informed.start(drill.lab, sides.survivor, join(folder, "informer.jsonl")));
  }

  /** Waits until the client of a side has `count` writes acknowledged that began after `since`. */
  acknowledged(side: string, count: number, since: number, limitSeconds: number): Promise<void> {
    const client = this.writers[side];
    if (!client) throw new Error(`client: none writes to ${side}`);
    return client.acknowledged(count, since, limitSeconds);
  }

  /** Waits until both sides have taken some writes from now on. */
  async bothWrite({ lost, left }: Sides): Promise<void> {
    const since = Date.now();
    for (const side of [lost, left]) await this.acknowledged(side, 8, since, 120);
  }

  /** Waits until the informer has heard of something. */
  async listens(limitSeconds: number): Promise<void> {
    await until("the informer: a first ConfigMap", limitSeconds, () => this.informer.known().size > 0);
  }

  /** Waits until the informer knows these keys; without an error if it doesn't within the time: the judge says so. */
  async informed(keys: readonly string[], limitSeconds: number): Promise<void> {
    const end = Date.now() + limitSeconds * 1000;
    while (Date.now() < end && keys.some((key) => !this.informer.known().has(key))) {
      await new Promise((next) => setTimeout(next, 200));
    }
  }

  async stopWriters(): Promise<void> {
    for (const client of Object.values(this.writers)) await client.stop();
  }

  async stop(): Promise<void> {
    await this.stopWriters();
    await this.informer.stop();
  }

  entries(): Entry[] {
    return [
      ...Object.entries(this.writers).flatMap(([side, client]) =>
        client.history().map(
          (a): Entry => ({
            kind: "write",
            at: a.startedAt,
            endedAt: a.endedAt,
            client: side,
            n: a.n,
            acknowledged: a.acknowledged,
            side,
            ...(a.revision === undefined ? {} : { revision: a.revision }),
          }),
        ),
      ),
      ...heardEntries("informer", this.informer.heard()),
    ];
  }
}

/** What a watcher heard, as the judge reads it; changes of other things than keys are left out. */
export const heardEntries = (watcher: string, heard: readonly Heard[]): Entry[] =>
  heard.flatMap((one): Entry[] => {
    const keys = (one.event === "list" ? one.names : [one.name]).filter(isKey);
    if (one.event !== "list" && keys.length === 0) return [];
    const revision = one.revision === undefined ? {} : { revision: one.revision };
    return [{ kind: "heard", at: one.at, watcher, event: one.event, keys, ...revision }];
  });
