import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const rooms = (name: string): string[] => [
  `steps/${name}`,
  `lib/${name === "lib" ? "step" : name}`,
  `lib/etcd/${name.replace(/^etcd-/, "")}`,
  `look/${name}`,
  `resident/${name}`,
  `installers/rke/${name}`,
];

/** The text of a script of `on-host/`. Here, beside index.ts: start.js runs the program as one file in this folder. */
export function onHostScript(name: string): string {
  const files = rooms(name).map((path) => join(__dirname, "on-host", `${path}.sh`));
  const file = files.find((f) => existsSync(f));
  if (!file) throw new Error(`on-host: no script is named ${name}`);
  return readFileSync(file, "utf8");
}

/**
 * What bash gets on stdin: texts of scripts, the start of the last one's `main`, and behind that what it reads itself. The last line
 * says that all of it has come: bash runs what it has read so far, whether the rest comes or not.
 */
export const onHostInput = (scripts: string[], data: string): string =>
  `${scripts.join("\n")}\nmain "$@"; exit\n${data}\n@@ end of data\n`;
