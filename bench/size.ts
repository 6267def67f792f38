/** The time of a recovery by the size of etcd's data, and how often it writes that data. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { LabError } from "../lab/machine/run";
import { onStage } from "./recovery";
import { type Recovery, Scene } from "./scene";
import { byProgram } from "./ways";

export interface SizeResult {
  method: "force" | "restore";
  /** Bytes of etcd's database, as asked for. */
  wanted: number;
  runs: Recovery[];
}

/**
 * A long-lived cluster has far more data than WAL: with etcd's own 100,000 entries between two raft snapshots a cluster that
 * was filled a minute ago would have all its data in the WAL, too.
 */
const etcd = { extraArgs: { "quota-backend-bytes": "8589934592", "snapshot-count": "100" } };

/** @param folder for logs and the topology; @param bytes ascending */
export async function measureSizes(
  lab: Lab,
  folder: string,
  bytes: readonly number[],
  runs: number,
): Promise<SizeResult[]> {
  mkdirSync(folder, { recursive: true });
  const topology = join(folder, "sizes.yaml");
  const seed = parse(readFileSync(join(__dirname, "../topologies/seed.yaml"), "utf8")) as object;
  writeFileSync(topology, stringify({ ...seed, etcd }));
  const results: SizeResult[] = [];
  await onStage(lab, topology, async () => {
    const scene = await Scene.build(lab, folder);
    for (const wanted of bytes) {
      await scene.further(() => fill(scene, wanted));
      for (const method of ["force", "restore"] as const) {
        const result: SizeResult = { method, wanted, runs: [] };
        for (let run = 1; run <= runs; run++) {
          const name = `${Math.round(wanted / 1e6)} MB, ${method}: run ${run} of ${runs}`;
          say(`bench: ${name}`);
          result.runs.push(await byProgram(scene, name, method === "restore" ? { method } : {}));
        }
        results.push(result);
      }
    }
  });
  return results;
}

/** Values of 1 MB, which don't compress, until the database has that size. */
async function fill(scene: Scene, wanted: number): Promise<void> {
  say(`bench: etcd is filled to ${Math.round(wanted / 1e6)} MB`);
  const size = Number(await scene.on(scene.survivor, "stat -c %s /var/lib/etcd/member/snap/db"));
  const count = Math.ceil((wanted - size) / 1_000_000);
  if (count < 0) throw new LabError(`bench: the database must not be larger than ${wanted} bytes yet, is ${size}`);
  const put = `head -c 990000 /dev/urandom >/tmp/value; i=0; while [ $i -lt ${count} ]; do i=$((i + 1)); etcdctl put /bench/$i-$$-${wanted} </tmp/value >/dev/null || exit 1; done; rm /tmp/value`;
  await scene.on(scene.survivor, `docker exec etcd sh -c '${put}'`);
  const filled = Number(await scene.on(scene.survivor, "stat -c %s /var/lib/etcd/member/snap/db"));
  if (filled < wanted * 0.9) throw new LabError(`bench: the database must have ${wanted} bytes, has ${filled}`);
}
