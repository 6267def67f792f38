import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../package.json";
import { blocks, codeSpans, documents, read } from "./markdown";
import { root } from "./sources";

/** The names of all guards, as the sources of plan/guards give them to `verdict`. */
const guards = readdirSync(join(root, "plan/guards")).flatMap((file) =>
  [...read(`plan/guards/${file}`).matchAll(/\bverdict\(\s*"([^"]+)"/g)].map(([, name = ""]) => name),
);

/** The names in the first column of docs/runbook.md's tables of guards, which stand in backticks. */
const rows = [...read("docs/runbook.md").matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);

/** The keys of a stack's configuration, as config.ts lists them. */
const keys: string[] = (/^const keys = \[([^\]]*)\]/m.exec(read("config.ts"))?.[1] ?? "").match(/\w+/g) ?? [];

describe("docs/runbook.md", () => {
  it("has a row for every guard", () => {
    assert.ok(guards.length > 20, "the guards' names are found in plan/guards");
    assert.deepEqual(
      guards.filter((name) => !rows.includes(name)),
      [],
    );
  });

  it("has no row for a guard that is gone", () =>
    assert.deepEqual(
      rows.filter((name) => !guards.includes(name)),
      [],
    ));
});

describe("commands in documents", () => {
  for (const document of documents) {
    const text = read(document);
    const shell = blocks(text, "sh");
    const commands = [...codeSpans(text), ...shell];

    it(`${document}: names only scripts that package.json has`, () => {
      const named = commands.flatMap((code) =>
        [...code.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, n = ""]) => n),
      );
      assert.deepEqual(
        named.filter((name) => !(name in scripts)),
        [],
      );
    });

    it(`${document}: sets only keys that config.ts knows`, () => {
      assert.ok(keys.includes("epoch"), "the keys are found in config.ts");
      const set = commands.flatMap((code) =>
        [...code.matchAll(/\bpulumi config (?:set|rm|get) ((?:--\w+ )*)(?:rke-dr:)?(\w+)/g)].map(
          ([, , key = ""]) => key,
        ),
      );
      const named = commands.flatMap((code) => [...code.matchAll(/\brke-dr:(\w+)/g)].map(([, key = ""]) => key));
      assert.deepEqual(
        [...set, ...named].filter((key) => !keys.includes(key)),
        [],
      );
    });

    if (shell.length > 0) {
      it(`${document}: bash can read its commands`, () => {
        for (const block of shell) {
          const { status, stderr } = spawnSync("bash", ["-n"], { input: block, encoding: "utf8" });
          assert.equal(status, 0, `${stderr}\n${block}`);
        }
      });
    }
  }
});
