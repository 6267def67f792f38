/**
 * Damages the database of a host's etcd in place, and takes back what of it etcd has not written over since. The rest of
 * the data is never rolled back: an etcd that has lost what it acknowledged would be another fault.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { initOf, onHost } from "../hosts/host";
import { kindHere } from "../hosts/kind";
import { LabError, must } from "../machine/run";
import { hostDir, type Place } from "../state/place";
import { type Damage, damaged, HEADER_BYTES, headerOffsets } from "./page-headers";

const DATABASE = "var/lib/etcd/member/snap/db";

const record = (place: Place, host: string): string => join(hostDir(place, host), "corruption.json");

export const isCorrupt = (place: Place, host: string): boolean => existsSync(record(place, host));

export function corruptEtcd(place: Place, host: string): void {
  if (isCorrupt(place, host)) throw new LabError(`corrupt-etcd: host ${host}'s etcd must be whole, is corrupt already`);
  const path = databasePath(place, host);
  if (!path) throw new LabError(`corrupt-etcd: host ${host} must be powered on, is off`);
  if (!existsSync(path)) throw new LabError(`corrupt-etcd: host ${host} must have /${DATABASE}, has none`);
  const file = openSync(path, "r+");
  try {
    const damages = headerOffsets(fstatSync(file).size).map((offset): Damage => {
      const before = readAt(file, offset);
      return { offset, before: before.toString("base64"), after: damaged(before).toString("base64") };
    });
    // First the record: a lab killed in between can still be healed.
    writeFileSync(record(place, host), JSON.stringify(damages));
    for (const { offset, after } of damages) writeSync(file, Buffer.from(after, "base64"), 0, HEADER_BYTES, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Takes back the damage and starts etcd if it has stopped over it. The database of a host that is off stays as it is. */
export async function repairEtcd(place: Place, host: string): Promise<void> {
  const path = databasePath(place, host);
  if (!isCorrupt(place, host) || !path) return;
  repairFile(path, JSON.parse(readFileSync(record(place, host), "utf8")) as Damage[]);
  rmSync(record(place, host));
  await must(onHost(place, host, kindHere(place).runtime.revive("etcd")));
}

function repairFile(path: string, damages: Damage[]): void {
  if (!existsSync(path)) return; // the data has been moved aside
  const file = openSync(path, "r+");
  try {
    const still = damages.filter(({ offset, after }) => readAt(file, offset).equals(Buffer.from(after, "base64")));
    for (const { offset, before } of still) writeSync(file, Buffer.from(before, "base64"), 0, HEADER_BYTES, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** By the host's own mounts: a change below a mounted overlay need not be seen above. */
function databasePath(place: Place, host: string): string | undefined {
  const init = initOf(place, host);
  return init && join(`/proc/${init.pid}/root`, DATABASE);
}

function readAt(file: number, offset: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  return bytes.subarray(0, readSync(file, bytes, 0, HEADER_BYTES, offset));
}
