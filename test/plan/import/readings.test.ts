import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readInto, readLater } from "../../../plan/import/go-types";
import { clusterYmlShape } from "../../../plan/import/rke-types";
import { readJson } from "../../../plan/values/go-json";
import { isMapping } from "../../../plan/values/mapping";
import { readAsEngine } from "../../../plan/values/yaml-engine";
import { parseYaml } from "../../../plan/values/yaml-node";

type Read = { value: unknown } | { error: string };
interface Recorded {
  text: string;
  typed: Read;
  json: Read;
  engine: Read;
}
const recorded = JSON.parse(readFileSync(join(__dirname, "../../golden/yaml-go/readings.json"), "utf8")) as Recorded[];

/** Without Go's zero values, of which a struct is full. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value.map((item) => withoutZeros(item) ?? null);
  }
  if (isMapping(value)) {
    const kept = Object.entries(value).flatMap(([key, item]) => {
      const inner = withoutZeros(item);
      return inner === undefined ? [] : [[key, inner]];
    });
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }
  return value === null || value === "" || value === 0 || value === false || value === readLater ? undefined : value;
}

function typed(text: string): unknown {
  const reading = { misfits: [], ignored: [], repeated: [] };
  const { first } = parseYaml(text);
  const value = first && readInto(clusterYmlShape, first, reading);
  assert.deepEqual(reading.misfits, []);
  return withoutZeros(withoutZeros(value)) ?? {};
}

function json(text: string): unknown {
  const { first } = parseYaml(text);
  return first ? readJson(first) : null;
}

describe("YAML is read as Go's libraries read it", () => {
  it("has recordings of values and of errors", () => {
    assert.ok(recorded.filter((r) => "value" in r.typed).length > 60);
    assert.ok(recorded.filter((r) => "error" in r.typed).length > 20);
  });

  for (const { text, ...read } of recorded) {
    it(JSON.stringify(text).slice(0, 90), () => {
      holds(read.typed, () => typed(text), "yaml.v2 into RKE's types");
      holds(read.json, () => json(text), "ghodss/yaml");
      if ("error" in read.engine || !isRefused(text)) {
        holds(read.engine, () => readAsEngine(text), "yaml.v3");
      }
    });
  }
});

function holds(expected: Read, read: () => unknown, by: string): void {
  if ("error" in expected) {
    assert.throws(read, `${by}: ${expected.error}`);
  } else {
    assert.deepEqual(read(), expected.value, by);
  }
}

/** A value without a plain form in JSON is refused by name and line, with what to write. */
function isRefused(text: string): boolean {
  try {
    readAsEngine(text);
    return false;
  } catch (error) {
    assert.match(String(error), /\(line \d+\): (write "|leave one)|isn't read alike/);
    return true;
  }
}
