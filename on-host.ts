import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of a script of `on-host/`. Here, beside index.ts: start.js runs the program as one file in this folder. */
export const onHostScript = (name: string): string => readFileSync(join(__dirname, "on-host", `${name}.sh`), "utf8");
