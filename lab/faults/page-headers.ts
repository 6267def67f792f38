/** Finds the bytes of an etcd database that a failing disk would have to lose for etcd to notice: the headers of its pages. */

/** Bytes of one place in a file, as base64. */
export interface Damage {
  offset: number;
  before: string;
  after: string;
}

const PAGE = 4096;
const HEADER = 16;
/** Both meta pages stay: a file without them is no database at all, which is another fault. */
const FIRST = 2;
/** Enough for 256 MiB of pages; more would only make the record long. */
const MOST = 65_536;

/** Offsets of the headers to damage in a database of `size` bytes. */
export function headerOffsets(size: number): number[] {
  const pages = Math.min(Math.floor(size / PAGE), MOST);
  return Array.from({ length: Math.max(0, pages - FIRST) }, (_, i) => (i + FIRST) * PAGE);
}

export function damaged(header: Buffer): Buffer {
  return Buffer.from(header.map((byte) => byte ^ 0xff));
}

export const HEADER_BYTES = HEADER;
