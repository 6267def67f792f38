import { join } from "node:path";
import { LabError } from "../lab/machine/run";
import { Client } from "./client";
import type { Drill } from "./drill";

/** Faults of the learner at the moment when its voters are lost. */
export const LEARNER_FAULTS = ["lagging", "corrupt", "never-started"] as const;
export type LearnerFault = (typeof LEARNER_FAULTS)[number];

/** True if nothing can be recovered from a learner with this fault. */
export const useless = (fault: LearnerFault | undefined): boolean => fault === "corrupt" || fault === "never-started";

/** Milliseconds that a packet takes between the datacenters, each way, and the share that gets lost, in percent. */
const slow = { milliseconds: 600, loss: 2 };
/** Clients beside the drill's own, each writing as fast as it is answered. */
const writers = 4;

/**
 * Makes the fault, as late as can be before the datacenter is lost.
 * @param write what the drill's client writes to, and where its files go
 * @returns takes away what would slow down the recovery itself
 */
export async function spoilLearner(
  drill: Drill,
  fault: LearnerFault,
  learner: string,
  write: { client: Client; servers: string[]; folder: string },
): Promise<() => Promise<void>> {
  const { lab } = drill;
  switch (fault) {
    case "lagging": {
      await drill.step(`links get ${slow.milliseconds} ms slower and lose ${slow.loss} %, under load`, async () => {
        await lab.slowLink(slow.milliseconds, slow.loss);
      });
      const load: Client[] = [];
      for (let n = 1; n <= writers; n++) {
        const into = `drill-load-${n}`;
        await drill.kubectl(["create", "namespace", into]);
        load.push(await Client.start(lab, learner, write.servers, join(write.folder, `load-${n}.jsonl`), into));
      }
      for (const client of [write.client, ...load]) await client.acknowledged(30, Date.now(), 120);
      return async () => {
        for (const client of load) await client.stop();
        await lab.slowLink(0);
      };
    }
    case "corrupt":
      await drill.step("the learner's database is damaged", () => lab.corruptEtcd(learner));
      return async () => {};
    case "never-started":
      await drill.step("the learner is a member that never started", () => neverStarted(drill, learner));
      return async () => {};
    default:
      return fault satisfies never;
  }
}

/** As where `primary` was interrupted between `member add` and the learner's first start. */
async function neverStarted(drill: Drill, learner: string): Promise<void> {
  const on = async (host: string, script: string) => {
    const ran = await drill.lab.execOn(host, ["bash", "-c", script]);
    if (ran.code !== 0) throw new LabError(`drill: ${host}: ${script}: ${ran.stderr.trim()}`);
    return ran.stdout.trim();
  };
  const hosts = drill.lab.hosts();
  const voter = hosts.find((h) => h.name === "master1")?.name ?? "";
  const peer = `https://${hosts.find((h) => h.name === learner)?.address}:2380`;
  const id = (await on(voter, "docker exec etcd etcdctl member list"))
    .split("\n")
    .find((line) => line.includes(peer))
    ?.split(",")[0];
  await on(learner, "docker rm -f etcd >/dev/null && mv /var/lib/etcd/member /var/lib/etcd-by-hand");
  await on(voter, `docker exec etcd etcdctl member remove ${id}`);
  await on(voter, `docker exec etcd etcdctl member add etcd-${learner} --learner --peer-urls=${peer}`);
}

/** Preview must name the learner's fault and the source that replaces it. */
export function sourceIsAsExpected(drill: Drill, fault: LearnerFault, preview: string): void {
  const learner = /^ .*: learner, .*$/m.exec(preview)?.[0].trim() ?? "no learner is listed";
  const chosen = /^ +-> (\S+: \S+)/m.exec(preview)?.[1] ?? "none";
  const named = {
    lagging: / revision \d+, data as of \S+ \(\d+ s ago\); etcd /,
    corrupt: /REFUSED: (etcd's database must be readable|its etcd ends with a panic)/,
    "never-started": /REFUSED: it has no etcd data/,
  }[fault];
  drill.check(`preview names the learner that is ${fault}`, named.test(learner), learner);
  drill.check(
    `${useless(fault) ? "the snapshot" : "the learner"} is taken`,
    chosen.endsWith(useless(fault) ? ": snapshot" : ": learner,"),
    (/^ +(?:ok|STOP) +source: .*$/m.exec(preview)?.[0] ?? "nothing is told of the source").trim(),
  );
}
