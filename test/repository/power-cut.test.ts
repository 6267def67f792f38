import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shellScripts } from "./shell-scripts";
import { root } from "./sources";

/** A rename by which new content takes a file's place; before a fsync a power cut may leave the new name with no content (XFS). */
const renames = /^.*\bmv (?:-\w+ )*(\S+\.(?:new|adopted)"?) .*$/gm;

describe("files that take another's place by a rename", () => {
  const scripts = shellScripts(root).filter((path) => path.startsWith("on-host/"));
  const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

  it("are found", () => {
    const all = scripts.flatMap((path) => [...textOf(path).matchAll(renames)]);
    assert.ok(all.length >= 4, `${all.length} renames`);
  });

  it("are written to the disk before: put_new FILE does both", () => {
    const bare = scripts.flatMap((path) => {
      const text = textOf(path);
      return [...text.matchAll(renames)]
        .filter(
          ({ 1: from = "", index }) => !text.slice(Math.max(0, index - 200), index + 80).includes(`lasts ${from}`),
        )
        .map(([line]) => `${path}: ${line.trim()}`);
    });
    assert.deepEqual(bare, []);
  });
});
