import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { readJson } from "../../../plan/values/go-json";
import { readAsEngine } from "../../../plan/values/yaml-engine";
import { parseYaml } from "../../../plan/values/yaml-node";
import { yamlText } from "../../../plan/values/yaml-text";

const readers: Record<string, (text: string) => unknown> = {
  "YAML 1.2": (text) => parse(text),
  "YAML 1.1": (text) => parse(text, { version: "1.1", merge: true }),
  "yaml.v2 and ghodss": (text) => {
    const { first } = parseYaml(text);
    return first && readJson(first);
  },
  "yaml.v3": readAsEngine,
};

const strange = [
  "yes", "No", "ON", "off", "y", "N", "true", "null", "~", "", "0644", "022", "0o17", "0b11", "0x1F", "1_000", "1e3", "1.10", ".5",
  "+5", "-", "2021-01-02", "2021-01-02 10:00:00", "1:30", "190:20:30.15", ".inf", ".NaN", "<<", "=", "a: b", "a #b", "@x", "[a]",
  "multi\nline\n", " lead", "trail ", "\t", "\u0085x", "a\u2028b", "é", "12345678901234567890", "<secret a[0].b>",
]; // biome-ignore format: a table of words

describe("YAML that this program writes", () => {
  for (const [name, read] of Object.entries(readers)) {
    it(`${name}: texts are read as texts, as keys and as values`, () => {
      for (const word of strange) {
        const value = word === "" ? { a: word } : { a: word, list: [word], [word]: word };
        assert.deepEqual(read(yamlText(value)), value, yamlText(value));
      }
    });
    it(`${name}: any text comes back`, () => {
      const signs = fc.constantFrom(..."0123456789-+._:eExobTZ ,yn~<=#'\"{}[]&*!|>%@`\na");
      fc.assert(
        fc.property(fc.string({ unit: signs, maxLength: 8 }), (word) => {
          assert.deepEqual(read(yamlText({ a: word })), { a: word });
        }),
        { numRuns: 1000 },
      );
    });
  }
});

describe("Pulumi.yaml as the engine reads it", () => {
  const cases: [string, string, unknown][] = [
    ["octal numbers", "a: 022\nb: 0644\nc: 0o17", { a: 18, b: 420, c: 15 }],
    ["binary and grouped numbers", "a: 0b11\nb: 1_000", { a: 3, b: 1000 }],
    ["words of YAML 1.1 are texts", "a: yes\nb: off", { a: "yes", b: "off" }],
    [
      "merge keys, own keys win, the first of a list wins",
      "x: &x {p: 1, q: 1}\ny: &y {p: 2, r: 2}\nz: {q: 3, <<: [*x, *y]}",
      { x: { p: 1, q: 1 }, y: { p: 2, r: 2 }, z: { p: 1, q: 3, r: 2 } },
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(what, () => assert.deepEqual(readAsEngine(text), expected));
  }
  for (const [what, text, pattern] of [
    [
      "a date",
      "labels: {since: 2021-01-01}",
      /^Error: labels\.since: the engine takes a date.* \(line 1\): write "2021-01-01"$/,
    ],
    ["a number beyond JSON", "a: 12345678901234567890", /a: .*write "12345678901234567890"$/],
    ["a key that is no text", "a: {1: x}", /a\.1: the engine takes the key for no text \(line 1\): write "1"$/],
    ["a key twice", "a: 1\na: 2", /a: stands twice \(line 2\): leave one$/],
  ] as const) {
    it(`refuses ${what} by name`, () =>
      assert.throws(
        () => readAsEngine(text),
        (e) => pattern.test(String(e)),
      ));
  }
});
