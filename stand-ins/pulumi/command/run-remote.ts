import type { ClientChannel } from "ssh2";
import type { Resource } from "../serve/provider.js";
import { revealMap, type ValueMap } from "../serve/wire.js";
import type { Connection } from "./connection.js";
import { dial } from "./dial.js";
import { execWithVariables, type Variable } from "./environment.js";
import { type Logging, Output, quoted } from "./output.js";

export interface Run {
  command: string;
  stdin?: string;
  environment: Record<string, string>;
  /** Outputs of the run before, offered to this one; a server that refuses them is only worth a warning. */
  previous: { stdout: string; stderr: string } | undefined;
  logging: Logging | undefined;
}

export interface Outputs {
  stdout: string;
  stderr: string;
}

export const NOTHING: Outputs = { stdout: "", stderr: "" };

export function outputsOf(state: ValueMap): Outputs {
  const { stdout, stderr } = revealMap(state);
  return { stdout: String(stdout ?? ""), stderr: String(stderr ?? "") };
}

export async function runRemote(connection: Connection, run: Run, log: Resource["log"]): Promise<Outputs> {
  const client = await dial(connection, (line) => log("info", line, true));
  try {
    const channel = await execWithVariables(client, run.command, variablesOf(run), ({ name, required }) => {
      log(required ? "error" : "warning", refusal(name));
      if (!required) return undefined;
      return new Error(`could not set environment variable ${quoted(name)}: ssh: setenv failed`);
    });
    return await collect(channel, run, log);
  } finally {
    client.end();
  }
}

function variablesOf({ environment, previous }: Run): Variable[] {
  const required = Object.entries(environment).map(([name, value]) => ({ name, value, required: true }));
  const offered = [
    { name: "PULUMI_COMMAND_STDOUT", value: previous?.stdout ?? "", required: false },
    { name: "PULUMI_COMMAND_STDERR", value: previous?.stderr ?? "", required: false },
  ];
  return [...required, ...offered.filter(({ value }) => value !== "")];
}

function refusal(name: string): string {
  return [
    `Unable to set '${name}'. This only works if your SSH server is configured to accept`,
    "these variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could",
    "prefix the command itself with the variables in the form 'VAR=value command'",
  ].join("\n\t");
}

function collect(channel: ClientChannel, run: Run, log: Resource["log"]): Promise<Outputs> {
  return new Promise((done, fail) => {
    const output = new Output(run.logging, (line) => log("info", line, true), fail);
    let ending = "wait: remote command exited without exit status or exit signal";
    channel.on("data", (chunk: Buffer) => output.add("stdout", chunk));
    channel.stderr.on("data", (chunk: Buffer) => output.add("stderr", chunk));
    channel.on("exit", (code: number | null, signal?: string) => {
      ending =
        code === null ? `Process exited with status ${signalStatus(signal)} from signal ${bare(signal)}` : exit(code);
    });
    channel.on("error", fail);
    channel.on("close", () => {
      output.end();
      if (ending === "") done({ stdout: output.text("stdout"), stderr: output.text("stderr") });
      else fail(new Error(`${ending}: running ${quoted(run.command)}:\n${output.everything()}`));
    });
    channel.end(run.stdin ?? "");
  });
}

function exit(code: number): string {
  return code === 0 ? "" : `Process exited with status ${code}`;
}

function bare(signal: string | undefined): string {
  return (signal ?? "").replace(/^SIG/, "");
}

/** 128 plus the signal's number, as far as POSIX fixes the number. */
function signalStatus(signal: string | undefined): number {
  const numbers: Record<string, number> = { HUP: 1, INT: 2, QUIT: 3, ABRT: 6, KILL: 9, ALRM: 14, TERM: 15, PIPE: 13 };
  return 128 + (numbers[bare(signal)] ?? 0);
}
