import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { needsOf, onHostText, withNeeds } from "../../on-host";
import { type StepName, stepScripts } from "../../plan/steps/names";
import { calls, defined, given } from "./calls";

const folder = join(__dirname, "../../on-host");
const scriptsIn = (room: string): string[] =>
  readdirSync(join(folder, room))
    // an installer's host.sh is a library
    .filter((file) => file.endsWith(".sh") && file !== "host.sh")
    .map((file) => `${room}/${file.slice(0, -".sh".length)}`);
const nameOf = (script: string): string => script.split("/").at(-1) ?? "";
const found = ["steps", ...readdirSync(join(folder, "installers")).map((name) => `installers/${name}`)]
  .flatMap(scriptsIn)
  .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

describe("the list of steps", () => {
  it("names each script of on-host/steps and on-host/installers by its file's name", () => {
    const wanted = Object.fromEntries(found.map((script) => [nameOf(script), script]));
    const lines = found.map((script) => `  ${key(nameOf(script))}: ${JSON.stringify(script)},`).join("\n");
    const write = `plan/steps/names.ts must say:\nexport const stepScripts = {\n${lines}\n} as const;`;
    assert.deepEqual(Object.entries(stepScripts), Object.entries(wanted), write);
  });
});

describe("a library that a script needs", () => {
  const texts = (all: Record<string, string>) => (name: string) => {
    const text = all[name];
    assert.ok(text !== undefined, `${name} was read`);
    return text;
  };

  it("comes before the script, in the order of its first line, and only once", () => {
    const all = { a: "# needs: b c\n", b: "# needs: d\n", c: "# needs: d e\n", d: "# needs: nothing\n", e: "text" };
    assert.deepEqual(withNeeds("a", texts(all)), ["d", "b", "e", "c", "a"]);
  });

  it("never needs the script itself, even through other libraries", () => {
    const all = { a: "# needs: b\n", b: "# needs: c\n", c: "# needs: b\n" };
    assert.throws(() => withNeeds("a", texts(all)), /on-host\/b\.sh: needs itself: a -> b -> c -> b/);
  });

  it("is read from the script's first line only", () =>
    assert.deepEqual(needsOf("main() { :; }\n# needs: lib/step\n"), []));
});

describe("a step's script", () => {
  for (const [step, script] of Object.entries(stepScripts) as [StepName, string][]) {
    it(`${step}: names in its first line only libraries that exist, and has one main`, () => {
      assert.match(onHostText(script), /^# needs: /);
      for (const need of withNeeds(script, onHostText)) {
        assert.ok(existsSync(join(folder, `${need}.sh`)), need);
        assert.match(onHostText(need), /^# needs: /, need);
        assert.equal(defined(onHostText(need)).includes("main"), need === script, need);
      }
    });

    it(`${step}: calls only functions that it or its libraries define`, () => {
      const all = withNeeds(script, onHostText).map(onHostText);
      // a function that a script calls only if it is there
      const asked = all.flatMap((text) => [...text.matchAll(/\btype -t (\w+)/g)].map(([, name = ""]) => name));
      const known = new Set([...all.flatMap(defined), ...asked]);
      const lacking = all.flatMap((text) => [...calls(text), ...given(text)]).filter((name) => !known.has(name));
      assert.deepEqual([...new Set(lacking)], []);
    });
  }

  it("is found if it calls a function that isn't defined", () => {
    const text = "main() {\n  if ! some_thing; then other_thing 1; fi\n  x=$(third_thing)\n  until_true 5 fourth\n}\n";
    assert.deepEqual(
      [...calls(text), ...given(text)],
      ["some_thing", "other_thing", "third_thing", "until_true", "fourth"],
    );
  });
});

const key = (name: string): string => (/^\w+$/.test(name) ? name : JSON.stringify(name));
