import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { createTwoFilesPatch } from "diff";

type Pages = Record<string, string>;

/** The folder's files by their path inside; empty if there is no folder. */
function readFolder(folder: string): Pages {
  if (!existsSync(folder)) {
    return {};
  }
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  return Object.fromEntries(files.map((path) => [relative(folder, path), readFileSync(path, "utf8")]));
}

/** A unified diff from the folder as it is to the folder as it should be; empty if they are equal. */
export function staleness(folder: string, wanted: Pages): string {
  const found = readFolder(folder);
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
    .sort()
    .filter((path) => found[path] !== wanted[path])
    .map((path) =>
      createTwoFilesPatch(
        found[path] === undefined ? "/dev/null" : path,
        wanted[path] === undefined ? "/dev/null" : path,
        found[path] ?? "",
        wanted[path] ?? "",
      ),
    )
    .join("\n");
}

/**
 * Makes the folder equal to the pages, and deletes files that are no longer rendered.
 * @returns a line for each file written or removed
 * @throws Error if the folder isn't empty and no rendering wrote it: nothing is deleted from it then
 */
export function writeFolder(folder: string, wanted: Pages): string[] {
  const found = readFolder(folder);
  const first = found["README.md"];
  if (Object.keys(found).length > 0 && !first?.includes(mark)) {
    throw new Error(`${folder}: is not empty, and its README.md doesn't say that \`npm run render\` wrote it`);
  }
  const changed = Object.entries(wanted).filter(([path, text]) => found[path] !== text);
  const gone = Object.keys(found).filter((path) => wanted[path] === undefined);
  for (const path of gone) {
    rmSync(join(folder, path));
  }
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return [...changed.map(([path]) => `wrote ${path}`), ...gone.map((path) => `removed ${path}`)];
}

/** The words by which a rendering's README.md says what wrote it. */
const mark = "Written by `npm run render`";
