import { spawn } from "node:child_process";
import type { Resource } from "../serve/provider.js";
import type { ValueMap } from "../serve/wire.js";
import { type Logging, Output, quoted } from "./output.js";
import type { Outputs } from "./run-remote.js";

/** Runs a command here; `inputs` are without marks. Without `dir` it runs where the program runs. */
export function runLocal(command: string, inputs: ValueMap, previous: Outputs, log: Resource["log"]): Promise<Outputs> {
  const [program = "/bin/sh", ...args] = (inputs.interpreter as string[] | undefined) ?? ["/bin/sh", "-c"];
  const offered = inputs.addPreviousOutputInEnv === false ? { stdout: "", stderr: "" } : previous;
  const env = {
    ...process.env,
    ...(inputs.environment as Record<string, string> | undefined),
    ...(offered.stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: offered.stdout }),
    ...(offered.stderr === "" ? {} : { PULUMI_COMMAND_STDERR: offered.stderr }),
  };
  return new Promise((done, fail) => {
    const child = spawn(program, [...args, command], { cwd: inputs.dir as string | undefined, env });
    const output = new Output(
      inputs.logging as Logging | undefined,
      (line) => log("info", line, true),
      (error) => {
        child.kill("SIGKILL");
        fail(error);
      },
    );
    child.stdout.on("data", (chunk: Buffer) => output.add("stdout", chunk));
    child.stderr.on("data", (chunk: Buffer) => output.add("stderr", chunk));
    child.on("error", (error) => fail(new Error(`${error.message}: running ${quoted(command)}:\n`)));
    child.on("close", (code, signal) => {
      output.end();
      if (code === 0) return done({ stdout: output.text("stdout"), stderr: output.text("stderr") });
      const ending = code === null ? `signal: ${signal}` : `exit status ${code}`;
      fail(new Error(`${ending}: running ${quoted(command)}:\n${output.everything()}`));
    });
    // A command that doesn't read its input closes it early, which is no failure.
    child.stdin.on("error", () => {});
    child.stdin.end((inputs.stdin as string | undefined) ?? "");
  });
}
