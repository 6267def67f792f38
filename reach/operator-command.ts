import { spawn } from "node:child_process";
import * as pulumi from "@pulumi/pulumi";

/** How a command on the operator's machine ended. */
export interface Ended {
  /** The shell's exit code; "time limit" if it ran too long and was ended. */
  exit: number | "time limit";
  seconds: number;
  /** ISO time of the operator's clock, when it ended. */
  endedAt: string;
}

/**
 * Runs a command of the topology on this machine: it gets a shell, this process's environment, and so many seconds. A command that fails isn't an error
 * of this function.
 *
 * @param name what it is run for, before each line that it prints
 * @param env variables beside this process's own
 * @param say is told what is run, each line that it prints, and how it ended
 * @throws Error in a preview, which must change nothing
 */
export async function runHere(
  name: string,
  command: string,
  limitSeconds: number,
  env: Record<string, string> = {},
  say: (words: string) => void = (words) => void pulumi.log.info(words),
): Promise<Ended> {
  if (pulumi.runtime.isDryRun()) {
    throw new Error(`${name}: must not run in a preview, which changes nothing: ${command}`);
  }
  const startedAt = Date.now();
  say(`${name}: ${command}`);
  return new Promise((resolve) => {
    // a process group of its own: what the command starts ends with it
    const child = spawn("/bin/sh", ["-c", command], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let late = false;
    const end = () => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // it has ended by itself
      }
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limitSeconds * 1000);
    const finish = (exit: Ended["exit"]) => {
      clearTimeout(timer);
      const seconds = (Date.now() - startedAt) / 1000;
      say(`${name}: ended with ${exit} after ${seconds.toFixed(1)} s`);
      resolve({ exit, seconds, endedAt: new Date().toISOString() });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n").filter((l) => l.trim() !== "")) {
          say(`${name}: ${line.slice(0, 500)}`);
        }
      });
    }
    child.once("error", () => finish(127));
    child.once("exit", (code, signal) => finish(late ? "time limit" : (code ?? (signal ? 128 : 1))));
  });
}
