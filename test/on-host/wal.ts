import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Reader, Writer } from "protobufjs/minimal";

/** Of etcd's WAL, its newest file: the last entry's index, and up to where the last HardState says that all are committed. */
export interface WalEnd {
  file: string;
  lastEntry: number;
  lastTerm: number;
  commit: number;
  /** Offset of the end of the records, in bytes. */
  end: number;
}

/** walpb.Record types. */
const entry = 2;
const state = 3;

/** Reads what was written whole; what was being written when etcd was killed isn't expected in a test's data. */
export function walEnd(dataFolder: string): WalEnd {
  const folder = join(dataFolder, "member/wal");
  const name = readdirSync(folder)
    .filter((n) => n.endsWith(".wal"))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error(`${folder} holds no WAL`);
  const file = join(folder, name);
  const bytes = readFileSync(file);
  const found: WalEnd = {
    file,
    lastEntry: Number.parseInt(name.slice(17, 33), 16) - 1,
    lastTerm: 0,
    commit: 0,
    end: 0,
  };
  for (;;) {
    const length = found.end + 8 <= bytes.length ? bytes.readUInt32LE(found.end) : 0;
    if (length === 0) return found;
    const highest = bytes.readUInt8(found.end + 7);
    const padding = highest & 0x80 ? highest & 7 : 0;
    const from = found.end + 8;
    const { type, data } = record(bytes.subarray(from, from + length));
    const [, , second = 0, third = 0] = type === entry || type === state ? numbers(data) : [];
    if (type === entry) [found.lastTerm, found.lastEntry] = [second, third];
    if (type === state) found.commit = third;
    found.end = from + length + padding;
  }
}

function record(bytes: Buffer): { type: number; data: Buffer } {
  const reader = Reader.create(bytes);
  const found = { type: 0, data: Buffer.alloc(0) };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 8) found.type = Number(reader.uint64());
    else if (tag === 26) found.data = Buffer.from(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}

/** The first three fields of raftpb.Entry (type, term, index) or raftpb.HardState (term, vote, commit), at their numbers. */
function numbers(bytes: Buffer): number[] {
  const reader = Reader.create(bytes);
  const found: number[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 0 && tag >> 3 <= 3) found[tag >> 3] = Number(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return found;
}

/** A WAL file's bytes. Of entries: index and bytes of data; of a HardState: term and commit. */
export type WalRecord =
  | { entry: [index: number, term: number, data: Buffer] }
  | { state: [term: number, commit: number] };

export function walBytes(records: WalRecord[]): Buffer {
  let crc = 0;
  return Buffer.concat(
    [{ type: 4, data: Buffer.alloc(0) }, { type: 1, data: Buffer.from("metadata") }, ...records.map(plain)].map(
      ({ type, data }) => {
        crc = crc32c(crc, data);
        const written = Writer.create().uint32(8).uint32(type).uint32(16).uint32(crc).uint32(26).bytes(data).finish();
        const padding = (8 - (written.length % 8)) % 8;
        const frame = Buffer.alloc(8);
        frame.writeUInt32LE(written.length);
        frame[7] = padding > 0 ? 0x80 | padding : 0;
        return Buffer.concat([frame, written, Buffer.alloc(padding)]);
      },
    ),
  );
}

function plain(record: WalRecord): { type: number; data: Buffer } {
  const writer = Writer.create().uint32(8);
  if ("state" in record) {
    const [term, commit] = record.state;
    writer.uint32(term).uint32(16).uint64(0xfedcba98).uint32(24).uint64(commit);
    return { type: state, data: Buffer.from(writer.finish()) };
  }
  const [index, term, data] = record.entry;
  writer.uint32(0).uint32(16).uint64(term).uint32(24).uint64(index).uint32(34).bytes(data);
  return { type: entry, data: Buffer.from(writer.finish()) };
}

const castagnoli = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C continued, as by Go's hash/crc32. */
function crc32c(before: number, data: Buffer): number {
  let crc = ~before;
  for (const byte of data) crc = (castagnoli[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** True if each record has the checksum that follows from those before it. */
export function sound(bytes: Buffer): boolean {
  let crc = 0;
  for (let at = 0; at + 8 <= bytes.length && bytes.readUInt32LE(at) > 0; ) {
    const length = bytes.readUInt32LE(at);
    const reader = Reader.create(bytes.subarray(at + 8, at + 8 + length));
    let [stated, data]: [number, Uint8Array] = [0, Buffer.alloc(0)];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 16) stated = reader.uint32();
      else if (tag === 26) data = reader.bytes();
      else reader.skipType(tag & 7);
    }
    crc = crc32c(crc, Buffer.from(data));
    if (crc !== stated) return false;
    const highest = bytes.readUInt8(at + 7);
    at += 8 + length + (highest & 0x80 ? highest & 7 : 0);
  }
  return true;
}
