import { spawn } from "node:child_process";
import * as pulumi from "@pulumi/pulumi";
import { type Fence, type FenceResult, fenceLimit } from "../plan/acts/failover/fence";

/**
 * Runs fence commands on this machine, all at once; each gets a shell, this process's environment, and `fenceLimit` seconds.
 *
 * They aren't Pulumi resources: `up` from another backend must not repeat a fence, and only one backend would know of the resource. The
 * survivors record the results with their claims instead.
 */
export function runFences(fences: Fence[], limitSeconds = fenceLimit): Promise<FenceResult[]> {
  return Promise.all(fences.map((fence) => runFence(fence, limitSeconds)));
}

function runFence(fence: Fence, limitSeconds: number): Promise<FenceResult> {
  const startedAt = Date.now();
  void pulumi.log.info(`fence ${fence.host}: ${fence.command}`);
  return new Promise((resolve) => {
    // a process group of its own: what the command starts ends with it
    const child = spawn("/bin/sh", ["-c", fence.command], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
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
    const finish = (exit: FenceResult["exit"]) => {
      clearTimeout(timer);
      const seconds = (Date.now() - startedAt) / 1000;
      void pulumi.log.info(`fence ${fence.host}: ended with ${exit} after ${seconds.toFixed(1)} s`);
      resolve({ ...fence, exit, seconds, endedAt: new Date().toISOString() });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n").filter((l) => l.trim() !== "")) {
          void pulumi.log.info(`fence ${fence.host}: ${line.slice(0, 500)}`);
        }
      });
    }
    child.once("error", () => finish(127));
    child.once("exit", (code, signal) => finish(late ? "time limit" : (code ?? (signal ? 128 : 1))));
  });
}
