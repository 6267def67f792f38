import { execFile, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { Places } from "../../reach/places";

/**
 * Rules that scripts don't keep yet; empty when they do. SC2034: a variable that nobody reads; SC2154: one that nobody sets, in all that
 * is sent to a host together.
 */
export const excluded = ["SC2034", "SC2154"];

/** Rules of what nobody uses: broken only where no bash that reads the script uses it. */
const acrossRuns = ["SC2034", "SC2119", "SC2120"];

/** Why shellcheck can't be run here; empty where it can. */
export const noShellcheck = (): string =>
  spawnSync("shellcheck", ["--version"]).status === 0
    ? ""
    : "shellcheck is not installed; `apt-get install shellcheck` as root does it";

/** What one bash reads, in this order: paths from the repository's root. The last is what runs; the others are its libraries. */
export type Run = string[];

/** Something that shellcheck finds, as "FILE:LINE: RULE: what is wrong". */
export type Finding = string;

/** Every script of the repository, by its path from the root: files that end in .sh, and what CI runs. */
export function shellScripts(root: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === ".git" ? [] : below(path);
      const name = relative(root, path);
      return name.endsWith(".sh") || name === ".ci/run" ? [name] : [];
    });
  return below(root).sort();
}

/**
 * What bash reads of each script: itself, and before it what its first line names, `# needs: lib/step lib/kube`, by paths from `on-host`
 * without ".sh", each with what it needs itself and each once.
 * @throws Error where a script needs itself, or what isn't there
 */
export function runsOf(root: string, scripts: string[]): Run[] {
  const needs = (script: string): string[] =>
    (/^# needs:(.*)/.exec(readFileSync(join(root, script), "utf8"))?.[1] ?? "")
      .split(" ")
      .filter((name) => name !== "" && name !== "nothing")
      .map((name) => `on-host/${name}.sh`);
  return scripts.map((script) => {
    const run: Run = [];
    const add = (name: string, path: string[]): void => {
      if (path.includes(name)) throw new Error(`${name}: needs itself: ${[...path, name].join(" -> ")}`);
      if (run.includes(name)) return;
      for (const need of needs(name)) add(need, [...path, name]);
      run.push(name);
    };
    add(script, []);
    return run;
  });
}

/** What shellcheck finds in these runs, each once, in the order of files and lines. @throws Error where shellcheck can't be run */
export async function findingsOf(root: string, runs: Run[], without: string[]): Promise<Finding[]> {
  const places = new Places(availableParallelism());
  const found = await Promise.all(runs.map((run) => places.take(() => shellcheck(root, run, without))));
  const everywhere = (comment: Comment) =>
    runs.every((run, i) => !run.includes(comment.file) || found[i]?.some((other) => same(other, comment)));
  const lasting = found.flat().filter((c) => !acrossRuns.includes(`SC${c.code}`) || everywhere(c));
  const order = (a: Comment, b: Comment) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
  return [...new Set(lasting.sort(order).map(words))];
}

interface Comment {
  file: string;
  line: number;
  column: number;
  code: number;
  message: string;
}

const same = (a: Comment, b: Comment): boolean =>
  a.file === b.file && a.line === b.line && a.column === b.column && a.code === b.code;
const words = (c: Comment): Finding => `${c.file}:${c.line}: SC${c.code}: ${c.message}`;

/** As bash would read them: one file after the other, and then the start of `main` (on-host.ts). */
const together = (run: Run): string =>
  [...run.map((file) => `# shellcheck source=${file}\nsource "./${file}"`), 'main "$@"; exit', ""].join("\n");

function shellcheck(root: string, run: Run, without: string[]): Promise<Comment[]> {
  const rules = without.length > 0 ? [`--exclude=${without.join()}`] : [];
  const [only = ""] = run;
  // a script that needs nothing and nobody may begin with a line that names its shell
  const target = run.length === 1 ? [only] : ["--external-sources", "--check-sourced", "-"];
  return new Promise((resolve, reject) => {
    const child = execFile(
      "shellcheck",
      ["--format=json1", "--shell=bash", ...rules, ...target],
      { cwd: root, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        // with 1 it has something to say
        if (error && error.code !== 1)
          reject(new Error(`shellcheck: must read ${run.at(-1)}, can't: ${stderr || error}`));
        else resolve((JSON.parse(stdout) as { comments: Comment[] }).comments);
      },
    );
    child.stdin?.on("error", () => undefined); // it may end without reading its input
    child.stdin?.end(run.length === 1 ? "" : together(run));
  });
}
