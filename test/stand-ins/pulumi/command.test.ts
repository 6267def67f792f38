import { strict as assert } from "node:assert";
import { checkConnection } from "../../../stand-ins/pulumi/command/connection.js";
import { diffInputs } from "../../../stand-ins/pulumi/command/diff.js";
import { checkInputs } from "../../../stand-ins/pulumi/command/inputs.js";
import { Output, quoted } from "../../../stand-ins/pulumi/command/output.js";
import { isSecret, reveal, secret, UNKNOWN, type ValueMap } from "../../../stand-ins/pulumi/serve/wire.js";

describe("the stand-in for the command provider: decisions", () => {
  it("fills in a connection's defaults and marks its secrets", () => {
    const { inputs, failures } = checkConnection({ connection: { host: "h", privateKey: "k" } });
    assert.deepEqual(failures, []);
    assert.ok(isSecret(inputs.connection));
    const connection = (inputs.connection as ValueMap).value as ValueMap;
    assert.ok(isSecret(connection.privateKey));
    const defaults = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
    assert.deepEqual(reveal(connection), { ...defaults, host: "h", privateKey: "k" });
  });

  it("names what is missing or not known", () => {
    const properties = (inputs: ValueMap) => checkConnection(inputs).failures?.map(({ property }) => property);
    assert.deepEqual(properties({}), ["connection"]);
    assert.deepEqual(properties({ connection: { user: "u", hots: "h" } }), ["connection.hots", "connection.host"]);
    assert.deepEqual(checkConnection({ connection: UNKNOWN }).inputs, { connection: UNKNOWN });
    assert.deepEqual(
      checkInputs({ assetPaths: [], logging: "loud" }, ["logging"]).map(({ property }) => property),
      ["assetPaths", "logging"],
    );
  });

  const base = { create: "c", connection: secret({ host: "a" }), triggers: ["t1", { nested: "t1" }] };
  const rows: [string, ValueMap, Record<string, string>, string[]][] = [
    ["nothing", base, {}, []],
    ["a connection is one value", { ...base, connection: secret({ host: "b" }) }, { connection: "update" }, []],
    ["a text comes", { ...base, delete: "d" }, { delete: "add" }, []],
    [
      "triggers, item by item: the SDK has the engine replace for them",
      { ...base, triggers: ["t2", { nested: "t2" }] },
      { "triggers[0]": "update", "triggers[1].nested": "update" },
      [],
    ],
    ["triggers go", { ...base, triggers: undefined }, { triggers: "delete-replace" }, ["triggers"]],
    ["not known yet", { ...base, create: UNKNOWN }, { create: "update" }, []],
  ];
  for (const [name, news, expected, replaces] of rows) {
    it(`diff: ${name}`, () => {
      const diff = diffInputs({ olds: base, oldInputs: base, news, ignoreChanges: [] }, ["triggers"]);
      const kinds = Object.entries(diff.detailed ?? {}).map(([path, { kind, replace }]) => [
        path,
        replace ? `${kind}-replace` : kind,
      ]);
      assert.deepEqual([Object.fromEntries(kinds), diff.replaces], [expected, replaces]);
    });
  }

  it("quotes as Go does", () => {
    assert.equal(quoted('a "b"\n\t\\ \x01 é'), '"a \\"b\\"\\n\\t\\\\ \\x01 é"');
  });
});

describe("the stand-in for the command provider: output", () => {
  const collect = (logging: ConstructorParameters<typeof Output>[0], ...writes: ["stdout" | "stderr", string][]) => {
    const lines: string[] = [];
    const errors: string[] = [];
    const output = new Output(
      logging,
      (line) => lines.push(line),
      (error) => errors.push(error.message),
    );
    for (const [stream, text] of writes) output.add(stream, Buffer.from(text));
    output.end();
    return { output, lines, errors };
  };

  it("takes one newline off the end", () => {
    const { output } = collect("none", ["stdout", "\n  x  \n\n"], ["stderr", "y"]);
    assert.deepEqual([output.text("stdout"), output.text("stderr")], ["\n  x  \n", "y"]);
  });

  it("hands on whole lines of the streams that are logged", () => {
    assert.deepEqual(collect(undefined, ["stdout", "a\nb"], ["stdout", "c\r\n"], ["stderr", "d"]).lines, [
      "a",
      "bc",
      "d",
    ]);
    assert.deepEqual(collect("stderr", ["stdout", "a\n"], ["stderr", "b\n"]).lines, ["b"]);
    assert.deepEqual(collect("none", ["stdout", "a\n"]).lines, []);
  });

  it("refuses a line that would hang the official provider", () => {
    const long = "x".repeat(70_000);
    assert.equal(collect("stdout", ["stdout", long]).errors.length > 0, true);
    assert.deepEqual(collect("none", ["stdout", long]).errors, []);
  });
});
