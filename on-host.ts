import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of a script of `on-host/`. Here, beside index.ts: start.js runs the program as one file in this folder. */
export const onHostScript = (name: string): string => readFileSync(join(__dirname, "on-host", `${name}.sh`), "utf8");

/**
 * What bash gets on stdin: texts of scripts, the start of the last one's `main`, and behind that what it reads itself. The last line
 * says that all of it has come: bash runs what it has read so far, whether the rest comes or not.
 */
export const onHostInput = (scripts: string[], data: string): string =>
  `${scripts.join("\n")}\nmain "$@"; exit\n${data}\n@@ end of data\n`;
