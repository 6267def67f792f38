import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, posix } from "node:path";
import { promisify } from "node:util";
import type { Client, SFTPWrapper, Stats } from "ssh2";

export type Source = { path: string } | { text: string };

const NO_SUCH_FILE = 2;

export function openSftp(client: Client): Promise<SFTPWrapper> {
  return promisify(client.sftp.bind(client) as (callback: (e: Error | undefined, s: SFTPWrapper) => void) => void)();
}

/**
 * A file goes into an existing folder or becomes the remote path; a folder goes below the remote path under its own name,
 * or with a final slash its contents do. New files get the server's default mode, existing ones keep theirs.
 */
export async function copy(sftp: SFTPWrapper, source: Source, destination: string): Promise<void> {
  const there = await remoteStat(sftp, destination);
  if ("text" in source) {
    if (there?.isDirectory()) {
      throw new Error(
        `remote path ${destination} is a directory; when using a text asset, remotePath must be a file path`,
      );
    }
    await makeFolders(sftp, posix.dirname(destination));
    await writeText(sftp, source.text, destination);
    return;
  }
  const { path } = source;
  if (!(await stat(path)).isDirectory()) {
    if (!there) await makeFolders(sftp, posix.dirname(destination));
    await writeFile(sftp, path, there?.isDirectory() ? posix.join(destination, basename(path)) : destination);
    return;
  }
  if (there && !there.isDirectory()) throw new Error(`remote path ${destination} exists but is not a directory`);
  await copyFolder(sftp, path, path.endsWith("/") ? destination : posix.join(destination, basename(path)));
}

async function copyFolder(sftp: SFTPWrapper, path: string, destination: string): Promise<void> {
  await makeFolders(sftp, destination);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const [from, to] = [posix.join(path, entry.name), posix.join(destination, entry.name)];
    if (entry.isDirectory()) await copyFolder(sftp, from, to);
    else await writeFile(sftp, from, to);
  }
}

async function remoteStat(sftp: SFTPWrapper, path: string): Promise<Stats | undefined> {
  try {
    return await promisify(sftp.stat.bind(sftp))(path);
  } catch (error) {
    if ((error as { code?: number }).code === NO_SUCH_FILE) return undefined;
    throw new Error(`failed to stat remote path ${path}: ${(error as Error).message}`);
  }
}

async function makeFolders(sftp: SFTPWrapper, path: string): Promise<void> {
  const there = await remoteStat(sftp, path);
  if (there?.isDirectory()) return;
  if (there) throw new Error(`remote path ${path} exists but is not a directory`);
  await makeFolders(sftp, posix.dirname(path));
  const make = promisify(sftp.mkdir.bind(sftp) as (path: string, callback: (error?: Error | null) => void) => void);
  await make(path).catch((error: Error) => {
    throw new Error(`failed to create parent directories for ${path}: ${error.message}`);
  });
}

async function writeFile(sftp: SFTPWrapper, path: string, destination: string): Promise<void> {
  try {
    await write(sftp, createReadStream(path), destination);
  } catch (error) {
    throw new Error(`failed to copy file ${path} to remote path ${destination}: ${(error as Error).message}`);
  }
}

async function writeText(sftp: SFTPWrapper, text: string, destination: string): Promise<void> {
  try {
    await write(sftp, [Buffer.from(text)], destination);
  } catch (error) {
    throw new Error(`failed to write text content to remote path ${destination}: ${(error as Error).message}`);
  }
}

/** Mode and owner are left to the server: a stream of ssh2's would set a mode of its own, which everybody may write. */
async function write(sftp: SFTPWrapper, chunks: AsyncIterable<Buffer> | Buffer[], destination: string): Promise<void> {
  const open = promisify(
    sftp.open.bind(sftp) as (p: string, flags: "w", c: (e: Error | undefined, h: Buffer) => void) => void,
  );
  const handle = await open(destination, "w");
  try {
    let position = 0;
    for await (const chunk of chunks) {
      if (chunk.length > 0) await promisify(sftp.write.bind(sftp))(handle, chunk, 0, chunk.length, position);
      position += chunk.length;
    }
  } finally {
    await promisify(sftp.close.bind(sftp))(handle);
  }
}
