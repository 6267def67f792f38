import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { code } from "./host-state";

const plan = join(__dirname, "../../plan");
/** What is sent together, as the plan has it: `step("isolation etcd-restore", ...)`. */
const together = new Set(
  readdirSync(plan, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(join(plan, file), "utf8").matchAll(/\bstep\(\s*"([a-z -]+)"|\bscript: "([a-z -]+)"/g),
    ])
    .map((found) => found[1] ?? found[2] ?? ""),
);

/** Without comments, arithmetic, and what stands in single quotes or here-documents, which is other programs' text. */
const commands = (text: string): string =>
  text
    .replace(/<<'?([A-Z]+)'?\n[\s\S]*?\n\1\n/g, "\n")
    .replace(/'[^']*'/g, "''")
    .replace(/\(\(.*?\)\)/g, "true")
    .replace(/(^|\s)#.*$/gm, "$1");
/** Names with an underscore where a command stands: no program that scripts use has one, bash's own have none. */
const calls = (text: string): string[] =>
  [
    ...commands(text).matchAll(
      /(?:^|[;&|(!]|\b(?:if|then|else|elif|do|while|until))\s*([a-z][a-z0-9]*_[a-z0-9_]+)(?=[\s;)]|$)/gm,
    ),
  ].map((found) => found[1] ?? "");
/** What such a command may be given to run: `until_true 60 moved`. */
const given = (text: string): string[] =>
  [...commands(text).matchAll(/\buntil_true\s+\S+\s+([a-z][a-z0-9_]*)/g)].map((found) => found[1] ?? "");
const defined = (text: string): string[] => [...text.matchAll(/^\s*([a-z][a-z0-9_]*)\(\)/gm)].map((f) => f[1] ?? "");

describe("scripts that are sent together", () => {
  it("are found in the plan", () => assert.ok(together.size > 20, [...together].join()));

  for (const scripts of together) {
    it(`${scripts}: what one calls is there`, () => {
      const names = ["lib", ...scripts.split(" ")];
      // the last one's `main` is the one that runs
      const texts = names.map((name, i) =>
        i < names.length - 1 ? code(name).replace(/^main\(\) \{[\s\S]*?^\}/m, "") : code(name),
      );
      const known = new Set(texts.flatMap(defined));
      const lacking = texts.flatMap((text) => [...calls(text), ...given(text)]).filter((name) => !known.has(name));
      assert.deepEqual([...new Set(lacking)], []);
    });
  }

  it("a call of something that isn't there would be seen", () => {
    const text = "main() {\n  if ! some_thing; then other_thing 1; fi\n  x=$(third_thing)\n  until_true 5 fourth\n}\n";
    assert.deepEqual(
      [...calls(text), ...given(text)],
      ["some_thing", "other_thing", "third_thing", "until_true", "fourth"],
    );
  });
});
