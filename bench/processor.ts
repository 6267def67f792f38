import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { type Result, type RunOptions, run } from "../lab/machine/run";

/** What a command and all its processes took. */
export interface Taken {
  /** Seconds of the processor. */
  processor: number;
  /** The most memory that they held at once, in bytes, with the files that the kernel kept for them; undefined where that isn't counted. */
  bytes: number | undefined;
}

const root = "/sys/fs/cgroup";
const isSecond = existsSync(join(root, "cgroup.controllers"));

/**
 * Runs a command in a control group of its own, which counts also those of its processes that nobody waits for.
 * @param seen is told of each line, and can ask for the seconds of the processor so far
 */
export async function metered(
  argv: readonly string[],
  options: Omit<RunOptions, "onLine">,
  seen: (line: string, processor: () => number) => void,
): Promise<Result & Taken> {
  const name = `rke-dr-bench-${process.pid}`;
  const groups = (isSecond ? [root] : [join(root, "cpuacct"), join(root, "memory")])
    .filter((folder) => existsSync(folder))
    .map((folder) => join(folder, name));
  for (const group of groups) mkdirSync(group, { recursive: true });
  const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join("\n");
  const read = (file: string) =>
    groups
      .map((group) => join(group, file))
      .flatMap((path) => (existsSync(path) ? [readFileSync(path, "utf8")] : []))[0];
  const processor = () =>
    isSecond
      ? Number(/^usage_usec (\d+)$/m.exec(read("cpu.stat") ?? "")?.[1]) / 1e6
      : Number(read("cpuacct.usage")) / 1e9;
  try {
    const result = await run(["bash", "-ec", `${enter}\nexec "$@"`, "bash", ...argv], {
      ...options,
      onLine: (line) => seen(line, processor),
    });
    const most = read("memory.peak") ?? read("memory.max_usage_in_bytes");
    return { ...result, processor: processor(), bytes: most === undefined ? undefined : Number(most) };
  } finally {
    for (const group of groups) remove(group);
  }
}

/** A group that still holds a process stays until the machine's next start. */
function remove(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // the figure is right all the same
  }
}
