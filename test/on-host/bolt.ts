import { readFileSync } from "node:fs";

/** The offset of a page's elements, and the kinds of pages (bbolt page.go). */
const header = 16;
const branch = 1;
const leaf = 2;

/** Reads a file of bbolt's: the keys and values of one of its buckets, as text; undefined if it has no such bucket. */
export function boltBucket(file: string, name: string): Map<string, string> | undefined {
  const bytes = readFileSync(file);
  const root = newestMeta(bytes);
  const found = elements(bytes, root.page, root.size).find(([key]) => key.toString("latin1") === name);
  if (!found) return undefined;
  const [, value] = found;
  const page = Number(value.readBigUInt64LE(0));
  // a small bucket's only page stands behind its header
  const inside = page === 0 ? leafElements(value, header) : elements(bytes, page, root.size);
  return new Map(inside.map(([key, text]) => [key.toString("latin1"), text.toString("latin1")]));
}

/** Of the two meta pages, the one of the newest transaction: the page of the root bucket, and the size of pages. */
function newestMeta(bytes: Buffer): { page: number; size: number; transaction: number } {
  const size = bytes.readUInt32LE(header + 8);
  const [a, b] = [0, size].map((at) => ({
    page: Number(bytes.readBigUInt64LE(at + header + 16)),
    size,
    transaction: Number(bytes.readBigUInt64LE(at + header + 48)),
  }));
  if (!a || !b) throw new Error("bbolt: a file must have two meta pages");
  return a.transaction > b.transaction ? a : b;
}

function elements(bytes: Buffer, page: number, size: number): [Buffer, Buffer][] {
  const at = page * size;
  const flags = bytes.readUInt16LE(at + 8);
  if ((flags & leaf) !== 0) return leafElements(bytes, at);
  if ((flags & branch) === 0) throw new Error(`bbolt: page ${page} must be a branch or a leaf, has flags ${flags}`);
  return Array.from({ length: bytes.readUInt16LE(at + 10) }, (_, i) =>
    Number(bytes.readBigUInt64LE(at + header + 16 * i + 8)),
  ).flatMap((child) => elements(bytes, child, size));
}

/** @param at offset of the page */
function leafElements(bytes: Buffer, at: number): [Buffer, Buffer][] {
  return Array.from({ length: bytes.readUInt16LE(at + 10) }, (_, i) => {
    const element = at + header + 16 * i;
    const [from, key, value] = [4, 8, 12].map((offset) => bytes.readUInt32LE(element + offset)) as [
      number,
      number,
      number,
    ];
    const start = element + from;
    return [bytes.subarray(start, start + key), bytes.subarray(start + key, start + key + value)];
  });
}
