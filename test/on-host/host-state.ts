import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onHostInput, onHostText, stepScript, withNeeds } from "../../on-host";
import type { StepName } from "../../plan/steps/names";

/** The text of a script of a test's own, together with the libraries that it needs (paths in `on-host/`). */
export const ownScript = (text: string, ...needs: string[]): string =>
  withNeeds("own", (name) => (name === "own" ? `# needs: ${needs.join(" ") || "lib/step"}\n${text}` : onHostText(name)))
    .map((name) => (name === "own" ? text : onHostText(name)))
    .join("\n");

/** A docker on a host without containers. */
export const noContainers = '#!/bin/sh\necho "Error: No such container: $5" >&2\nexit 1\n';

/** As much of a host as scripts need that are tried out on this machine: the folder of its state, and programs of its own. */
export class HostState {
  /** In the place of /var/lib/rke-dr; a script finds it as $RKE_DR_STATE, and so do the programs. */
  folder = "";

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }
  has(name: string): boolean {
    return existsSync(this.at(name));
  }
  /** A file's text; empty where there is none. */
  read(name: string): string {
    return this.has(name) ? readFileSync(this.at(name), "utf8") : "";
  }
  write(name: string, text: string): void {
    writeFileSync(this.at(name), text);
  }
  /** Puts a script before this machine's program of that name. */
  program(name: string, text: string): void {
    writeFileSync(this.at(name), text, { mode: 0o755 });
  }

  get env(): NodeJS.ProcessEnv {
    // a bash whose stdin is a socket, as Node gives it one, reads the machine's bashrc unless another shell has started it
    const own = { RKE_DR_STATE: this.folder, PATH: `${this.folder}:${process.env.PATH}`, SHLVL: "1" };
    return { ...process.env, ...own };
  }
  run(command: string, args: string[], input = "") {
    return spawnSync(command, args, { input, encoding: "utf8", env: this.env });
  }
  /**
   * Runs a step as the program does: script and data on stdin.
   * @param args STEP EPOCH GENERATION ACT CLUSTER and the step's own
   * @param script the whole text, as `stepScript` or `ownScript` gives it
   */
  step(args: (string | number)[], script: string, data = "") {
    return this.run("bash", ["-s", "--", ...args.map(String)], onHostInput(script, data));
  }
  /** The text that a step gets on stdin on a host whose /var/lib/etcd is a folder of its state. */
  etcdInput(step: StepName, data = ""): string {
    return onHostInput(stepScript(step).replaceAll("/var/lib/etcd", this.at("etcd")), data);
  }
  /** Runs a step on such a host. @param args STEP EPOCH GENERATION ACT CLUSTER and the step's own */
  etcdStep(args: [StepName, ...(string | number)[]], data = "") {
    return this.run("bash", ["-s", "--", ...args.map(String)], this.etcdInput(args[0], data));
  }
}

/** Declares hooks: each test has a state of its own, with these files and programs by name, and nothing stays of it. */
export function stateOfEachTest(files: Record<string, string>, programs: Record<string, string> = {}): HostState {
  const host = new HostState();
  beforeEach(() => {
    host.folder = mkdtempSync(join(tmpdir(), "rke-dr-host-"));
    for (const [name, text] of Object.entries(files)) host.write(name, text);
    for (const [name, text] of Object.entries(programs)) host.program(name, text);
  });
  afterEach(() => rmSync(host.folder, { recursive: true }));
  return host;
}
