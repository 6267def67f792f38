import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Dialect } from "./plan/installers/dialect";
import { type StepName, stepScripts } from "./plan/steps/names";

export type { Dialect };

/** The dialect of every host until this program knew a second installer. */
export const usual: Dialect = { runtime: "docker", installer: "rke" };

/** The text of a file of `on-host/`. Here, beside index.ts: start.js runs the program as one file in this folder. */
export const onHostFile = (path: string): string => readFileSync(join(__dirname, "on-host", path), "utf8");

/**
 * A script and everything that it needs, in the order in which bash must read them: what a script needs comes before it, in the order
 * of its first line (`# needs: lib/step lib/etcd/election`), and each script comes once.
 *
 * @param script a path in `on-host/` without `.sh`
 * @param textOf the text of such a script
 * @returns paths like `script`, which is the last
 * @throws Error when scripts need each other in a circle
 */
export function withNeeds(script: string, textOf: (script: string) => string, dialect: Dialect = usual): string[] {
  const ordered: string[] = [];
  const add = (name: string, path: string[]): void => {
    if (path.includes(name)) throw new Error(`on-host/${name}.sh: needs itself: ${[...path, name].join(" -> ")}`);
    if (ordered.includes(name)) return;
    for (const need of needsOf(textOf(name), dialect)) add(need, [...path, name]);
    ordered.push(name);
  };
  add(script, []);
  return ordered;
}

/** The scripts that a script's first line names: none for `# needs: nothing`; `runtime` stands for the runtime's script, `installer` for the installer's. */
export function needsOf(text: string, dialect: Dialect = usual): string[] {
  const [, needs = ""] = /^# needs:(.*)/.exec(text) ?? [];
  return needs
    .split(" ")
    .filter((name) => name !== "" && name !== "nothing")
    .map((name) =>
      name === "runtime"
        ? `runtimes/${dialect.runtime}`
        : name === "installer"
          ? `installers/${dialect.installer}/host`
          : name,
    );
}

const read = new Map<string, string>();
/** The text of a script together with the texts of everything that it needs. @param script a path in `on-host/` without `.sh` */
export function onHostScript(script: string, dialect: Dialect = usual): string {
  const key = `${dialect.runtime} ${dialect.installer} ${script}`;
  const text = read.get(key) ?? withNeeds(script, onHostText, dialect).map(onHostText).join("\n");
  read.set(key, text);
  return text;
}

/** The text of a script alone. @param script a path in `on-host/` without `.sh` */
export const onHostText = (script: string): string => onHostFile(`${script}.sh`);

/** The text of a step's script together with the texts of everything that it needs. */
export const stepScript = (step: StepName, dialect: Dialect = usual): string =>
  onHostScript(stepScripts[step], dialect);

/**
 * bash's stdin: the text of a script, the call of its `main`, and behind that the data that the script reads. The last line
 * marks the end: bash would run a first part even if the connection broke before the rest came.
 */
export const onHostInput = (script: string, data: string): string =>
  `${script}\nmain "$@"; exit\n${data}\n@@ end of data\n`;
