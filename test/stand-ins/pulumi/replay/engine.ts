import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { stringify } from "yaml";
import { Semaphore } from "../../../../reach/semaphore.js";
import { observe, observeState } from "./observe.js";
import type { World } from "./world.js";

const FIXTURE = join(__dirname, "../../../golden/plugins/fixture");
const REPOSITORY = join(__dirname, "../../../..");

/** With all suites' engines at once the records' own limits (a dial's 2 s) would end by the load of the machine. */
const engines = new Semaphore(2 * availableParallelism());

/** The file without the text, which it must have. */
function leavingOut(text: string, file: string): Plugin {
  const load = async ({ path }: { path: string }) => {
    const source = await readFile(path, "utf8");
    if (!source.includes(text)) throw new Error(`${file} has no ${text}`);
    return { contents: source.replace(text, ""), loader: "ts" as const };
  };
  return {
    name: "leaving-out",
    setup: (to) => to.onLoad({ filter: new RegExp(`${file.replace(".", "\\.")}$`) }, load),
  };
}

/** One stack of the recorder's fixture, with a backend of its own. */
export class Suite {
  private salt = "";
  private count = 0;
  readonly dir: string;
  readonly project: string;

  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly engine: string,
    private readonly plugins: string,
    private readonly config: Record<string, string>,
    /** The records' suite, where the stack has another name. */
    private readonly records = name,
  ) {
    this.dir = join(world.dir, name, "work");
    this.project = join(world.dir, name, "fixture");
  }

  /** The program is compiled once, `without` a text of it, and its stack made. */
  async prepare(without?: string): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    await mkdir(join(this.project, "suites"), { recursive: true });
    await mkdir(join(this.project, "state"));
    await cp(join(FIXTURE, "Pulumi.yaml"), join(this.project, "Pulumi.yaml"));
    await writeFile(join(this.project, "package.json"), JSON.stringify({ name: "plugrec", main: "index.js" }));
    await symlink(join(REPOSITORY, "node_modules"), join(this.project, "node_modules"));
    // two suites have their stages from others
    const suites = new Set(["remotecmd", "k8sopts", this.records]);
    const sources = ["index", ...[...suites].map((name) => `suites/${name}`)].map((name) =>
      join(FIXTURE, `${name}.ts`),
    );
    await build({
      entryPoints: sources,
      outdir: this.project,
      outbase: FIXTURE,
      format: "cjs",
      platform: "node",
      logLevel: "error",
      plugins: without === undefined ? [] : [leavingOut(without, `suites/${this.records}.ts`)],
    });
    const { exitCode, stderr } = await this.pulumi(["stack", "init", this.name]);
    if (exitCode !== 0) throw new Error(`stack init: ${stderr}`);
    const file = await readFile(this.configFile(), "utf8");
    this.salt = /encryptionsalt: (.*)/.exec(file)?.[1] ?? "";
  }

  async stage(stage: string, more: Record<string, string> = {}): Promise<void> {
    const config = { ...this.config, ...more, suite: this.records, stage, dir: this.dir };
    const entries = Object.entries(config).map(([key, value]) => [`fixture:${key}`, value]);
    await writeFile(this.configFile(), stringify({ encryptionsalt: this.salt, config: Object.fromEntries(entries) }));
    await writeFile(join(this.dir, "run.log"), "");
  }

  /** One operation, observed; `commandsRun` is what the program's commands have logged. */
  async operate(operation: "preview" | "up" | "refresh", args: string[], timeoutSeconds?: number) {
    const log = join(this.project, `events-${this.count++}`);
    const verb = operation === "preview" ? ["preview"] : [operation, "--yes", "--skip-preview"];
    const flags = ["--stack", this.name, "--event-log", log, ...args];
    const { exitCode, stdout, stderr } = await this.pulumi([...verb, ...flags], timeoutSeconds);
    const events = await readFile(log, "utf8").catch(() => {
      throw new Error(`${operation} left no event log:\n${stdout}\n${stderr}`);
    });
    const commands = (await readFile(join(this.dir, "run.log"), "utf8")).split("\n").filter((line) => line !== "");
    await writeFile(join(this.dir, "run.log"), "");
    const isPreview = operation === "preview";
    return { ...observe(events, exitCode, isPreview, this.records === "k8s"), commandsRun: commands.sort() };
  }

  async state() {
    const { stdout } = await this.pulumi(["stack", "export", "--show-secrets", "--stack", this.name]);
    return observeState(JSON.parse(stdout).deployment ?? {}, this.records === "k8s");
  }

  /** Forgets every resource, whatever exists. */
  async forget(): Promise<void> {
    await this.pulumi(["state", "delete", "--all", "--yes", "--force", "--stack", this.name]);
  }

  /** Puts another text in the place of one in the recorded state. */
  async editState(old: string, now: string): Promise<void> {
    const { stdout } = await this.pulumi(["stack", "export", "--show-secrets", "--stack", this.name]);
    const file = join(this.dir, "edited.json");
    await writeFile(file, stdout.replaceAll(old, now));
    const { exitCode, stderr } = await this.pulumi(["stack", "import", "--stack", this.name, "--file", file]);
    if (exitCode !== 0) throw new Error(`stack import: ${stderr}`);
  }

  private configFile(): string {
    return join(this.project, `Pulumi.${this.name}.yaml`);
  }

  /** Exit code 124: it didn't end in time, and was killed. */
  private pulumi(args: string[], timeoutSeconds = 150): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const command = [this.engine, "--non-interactive", "--color=never", "-C", this.project, ...args];
    const [file, all] = this.world.inside(...command);
    const env = {
      ...process.env,
      PATH: `${this.plugins}:${process.env.PATH}`,
      PULUMI_HOME: join(this.world.dir, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.project, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "replay",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DEBUG_COMMANDS: "true",
      SSH_AUTH_SOCK: "",
    };
    const ended = () =>
      new Promise<{ exitCode: number; stdout: string; stderr: string }>((done) => {
        execFile(
          file,
          all,
          { env, maxBuffer: 1 << 28, timeout: timeoutSeconds * 1000, killSignal: "SIGKILL" },
          (error, stdout, stderr) => {
            done({ exitCode: error ? Number(error.code ?? 124) : 0, stdout, stderr });
          },
        );
      });
    return engines.take(ended);
  }
}
