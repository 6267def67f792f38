import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./sources";

/** Every document of the project, by path from the root. Golden records are others' words: they aren't read. */
export const documents: string[] = spawnSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md", ":!test/golden"],
  { cwd: root, encoding: "utf8" },
)
  .stdout.split("\n")
  .filter((path) => path !== "");

export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The contents of fenced blocks of one language. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , body = ""]) => body);

/** The text without its fenced blocks. */
export const prose = (text: string): string => text.replace(/^```.*?^```$/gms, "");

/** Finds the texts in backticks in the prose, one line each. */
export const codeSpans = (text: string): string[] =>
  [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);

/** The anchors that a reader of the rendered page can jump to, by GitHub's rule. */
export const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
