/** Commands as child processes: arguments as a list, never through a shell. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface RunOptions {
  cwd?: string;
  /** Replaces the environment. */
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Called for each line of either stream as it comes. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** The child is killed after this long, and the result has code 124. */
  timeoutSeconds?: number;
}

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export class LabError extends Error {}

/**
 * Node's pipes are sockets, and a bash whose stdin is a socket takes itself for one that rshd has started: it reads ~/.bashrc, unless its SHLVL says that it
 * is another shell's child (bash's shell.c: `run_by_ssh`, `shell_level < 2`).
 */
export const NO_BASHRC = { SHLVL: "1" };
/** The environment of a command, without which it is this process's own. */
const withoutBashrc = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => ({ ...env, ...NO_BASHRC });

export function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [command, ...args] = argv;
  if (!command) throw new LabError("run: the command is empty");
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: withoutBashrc(options.env),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    let late = false;
    const timer = options.timeoutSeconds
      ? setTimeout(() => {
          late = true;
          child.kill("SIGKILL");
        }, options.timeoutSeconds * 1000)
      : undefined;
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8");
      child[stream].on("data", (text: string) => {
        out[stream] += text;
      });
      const { onLine } = options;
      if (onLine) createInterface({ input: child[stream] }).on("line", (line) => onLine(line, stream));
    }
    child.stdin.on("error", () => {}); // a command may end without reading its input
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      clearTimeout(timer);
      fail(new LabError(`${command}: cannot be run: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done({ code: late ? 124 : (code ?? (signal ? 137 : 1)), ...out });
    });
  });
}

/** Like `run`, but a code other than 0 is an error that ends with what the command said last. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const result = await run(argv, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-12).join("\n");
    throw new LabError(`${argv.join(" ").slice(0, 300)}: exit code ${result.code}${said ? `: ${said}` : ""}`);
  }
  return result;
}

/** Runs with this process's own standard streams; returns the exit code. */
export function runAttached(argv: readonly string[], options: Pick<RunOptions, "cwd" | "env"> = {}): Promise<number> {
  const [command, ...args] = argv;
  if (!command) throw new LabError("run: the command is empty");
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, env: withoutBashrc(options.env), stdio: "inherit" });
    // The terminal sends ctrl-C to the child as well, which decides what to do with it.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    child.on("error", (error) => fail(new LabError(`${command}: cannot be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      done(code ?? (signal === "SIGKILL" ? 137 : 130));
    });
  });
}

/** Waits for all to end, also where one fails: nothing goes on behind the caller's back. Then throws all that failed. */
export async function all<T>(works: Iterable<Promise<T>>): Promise<T[]> {
  const settled = await Promise.allSettled(works);
  const errors = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const [first] = errors;
  if (errors.length > 1 && errors.every((error) => error instanceof LabError))
    throw new LabError([...new Set(errors.map((error) => error.message))].join("\n"));
  if (first !== undefined) throw first;
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** Waits until `holds` gives a value, asking every 50 ms, at most `limitSeconds`. */
export async function until<T>(
  what: string,
  limitSeconds: number,
  holds: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + limitSeconds * 1000;
  for (;;) {
    const value = await holds();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new LabError(`${what}: not within ${limitSeconds} s`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** Like `run`, for a command with children of its own: a silence of `silenceSeconds` ends them all, with code 124. */
export function runGroup(
  argv: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; silenceSeconds: number },
): Promise<Result> {
  const [command, ...args] = argv;
  if (!command) throw new LabError("run: the command is empty");
  return new Promise((done) => {
    const { cwd, env } = options;
    const child = spawn(command, args, {
      cwd,
      env: withoutBashrc(env),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    let late = false;
    const end = () => {
      late = true;
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    };
    let timer = setTimeout(end, options.silenceSeconds * 1000);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8");
      child[stream].on("data", (text: string) => {
        out[stream] += text;
        clearTimeout(timer);
        timer = setTimeout(end, options.silenceSeconds * 1000);
      });
    }
    child.on("error", (error) => {
      clearTimeout(timer);
      done({ code: 127, stdout: "", stderr: error.message });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code: late ? 124 : (code ?? 137), ...out });
    });
  });
}
