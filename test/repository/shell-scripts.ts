import { execFile, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { needsOf, withNeeds } from "../../on-host";
import { Semaphore } from "../../reach/semaphore";

/** Rules that scripts don't keep; SC2034 (a variable that nobody reads) and SC2154 (one that nobody sets) must not be among them. */
export const excluded: string[] = [];

/** Rules of what nobody uses: broken only if no bash that reads the script uses it. */
const acrossRuns = ["SC2034", "SC2119", "SC2120", "SC2317"];

/** The files that one bash reads, in this order: paths from the repository's root. The last is what runs; the others are its libraries. */
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

/** Why shellcheck can't be run here; empty where it can. */
export const noShellcheck = (): string =>
  spawnSync("shellcheck", ["--version"]).status === 0
    ? ""
    : "shellcheck is not installed; `apt-get install shellcheck` as root does it";

/**
 * Lists the files that a bash reads: each script that none of the others needs, after all that it needs itself (its first line says so: on-host.ts).
 * @throws Error if a script needs itself, or one that isn't there
 */
export function runsOf(root: string, scripts: string[]): Run[] {
  const text = (name: string) => readFileSync(join(root, "on-host", `${name}.sh`), "utf8");
  const named = scripts.map((path) => ({ path, name: /^on-host\/(.*)\.sh$/.exec(path)?.[1] }));
  const libraries = new Set(named.flatMap(({ name }) => (name === undefined ? [] : needsOf(text(name)))));
  // a runtime is read as one, though another may build on it
  const isRuntime = (name: string) => /^runtimes\/[\w-]+$/.test(name);
  const runs = named.filter(({ name }) => name === undefined || isRuntime(name) || !libraries.has(name));
  // all of them: a circle has no script that runs
  for (const name of libraries) withNeeds(name, text);
  return runs.map(({ path, name }) =>
    name === undefined ? [path] : withNeeds(name, text).map((each) => `on-host/${each}.sh`),
  );
}

/** Lists shellcheck's findings in these runs, each once, in the order of files and lines. @throws Error where shellcheck can't be run */
export async function findingsOf(root: string, runs: Run[], without: string[]): Promise<Finding[]> {
  const places = new Semaphore(availableParallelism());
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

/** @returns what is wrong, by the files in which it is */
async function shellcheck(root: string, run: Run, without: string[]): Promise<Comment[]> {
  const texts = run.map((file) => readFileSync(join(root, file), "utf8"));
  // as bash reads them (some call their `main` themselves), but for the `exit` behind: after that shellcheck takes what is called by name only (`until_true 5 healthy`) for dead
  const all = /^main\b/m.test(texts.at(-1) ?? "") ? texts : [...texts, 'main "$@"\n'];
  // a script of one file may be without `main`
  const said = await comments(run.length === 1 ? texts.join("") : all.join("\n"), without);
  const placed = (comment: Comment): Comment => {
    let line = comment.line;
    for (const [i, text] of texts.entries()) {
      const lines = text.split("\n").length;
      if (line <= lines) return { ...comment, file: run[i] ?? "", line };
      line -= lines;
    }
    return { ...comment, file: run.at(-1) ?? "", line: 1 };
  };
  return said.map(placed);
}

function comments(text: string, without: string[]): Promise<Comment[]> {
  const rules = without.length > 0 ? [`--exclude=${without.join()}`] : [];
  return new Promise((resolve, reject) => {
    const child = execFile(
      "shellcheck",
      ["--format=json1", "--shell=bash", ...rules, "-"],
      { maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        // with 1 it has something to say
        if (error && error.code !== 1) reject(new Error(`shellcheck: must read a script, can't: ${stderr || error}`));
        else resolve((JSON.parse(stdout) as { comments: Comment[] }).comments);
      },
    );
    child.stdin?.on("error", () => undefined); // it may end without reading its input
    child.stdin?.end(text);
  });
}
