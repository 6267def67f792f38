import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  commentOf,
  envFileProblems,
  readEnvFile,
  variablesOf,
  withLastComment,
  withoutVariable,
  withVariable,
  writeEnvFile,
} from "../../../../plan/runtimes/systemd/env-file";

const read = (text: string): Record<string, string> => Object.fromEntries(variablesOf(readEnvFile(text)));

/** Texts with all that has a meaning to systemd's reader, and little else. */
const piece = fc.constantFrom(
  "A",
  "B",
  "=",
  "=",
  "\n",
  "\n",
  " ",
  "\t",
  "#",
  ";",
  "'",
  '"',
  "\\",
  "x",
  "é",
  "1",
  "\r",
  "`",
  "%",
  "_",
);
const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
const name = fc.constantFrom("A", "B", "ETCD_NAME", "_x1");
const value = fc
  .array(fc.constantFrom("a", " ", '"', "'", "\\", "$", "`", "\n", "#", "=", "é", "[::1]", ","), { maxLength: 8 })
  .map((v) => v.join(""));

/** systemd's own program that reads files of environment.d by the same parser; it also replaces $VARIABLES, which no text here has. */
const generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

/** Variables as systemd's parser reads them, without empty ones, which this program of systemd refuses. */
function readBySystemd(content: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "env-file-"));
  try {
    mkdirSync(join(folder, "environment.d"));
    writeFileSync(join(folder, "environment.d/a.conf"), content);
    const out = execFileSync(generator, {
      env: { HOME: folder, XDG_CONFIG_HOME: folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Object.fromEntries(
      out
        .toString()
        .split("\n")
        .flatMap((line) => {
          const [, key, shown] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
          return key === undefined || shown === undefined || key === "QT_ACCESSIBILITY"
            ? []
            : [[key, unescaped(shown)]];
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The inverse of systemd's shell_maybe_quote, in its forms "..." and $'...'. */
function unescaped(shown: string): string {
  const signs: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
  const [, posix, plain] = /^(?:\$'([\s\S]*)'|"([\s\S]*)")$/.exec(shown) ?? [];
  return (posix ?? plain ?? shown).replace(
    /\\(.)/g,
    (whole, c: string) => signs[c] ?? ("\"\\`$'".includes(c) ? c : whole),
  );
}

describe("a file of a unit's environment", () => {
  for (const [what, content, wanted] of [
    ["a plain value", "A=1\n", { A: "1" }],
    ["blanks around name and value", " A = 1  \nB=a b \n", { A: "1", B: "a b" }],
    ["a sign # behind a value, which is a part of it", "A=1 # one\n", { A: "1 # one" }],
    ["comments of both kinds", "#A=1\n;A=2\n  # A=3\n", {}],
    ["quotes, and what follows them", "A=\"x\" y\nB='it\\s'z\n", { A: "xy", B: "it\\sz" }],
    ["a quote within a value, which is a sign like others", 'A=a"b"c\n', { A: 'a"b"c' }],
    ["escapes in double quotes: four signs have one", 'A="\\q\\"\\$\\`"\n', { A: '\\q"$`' }],
    ["a backslash at the end of a line", "A=a\\\nb\n", { A: "ab" }],
    ["a value of two lines", 'A="a\nb"\nB=1\n', { A: "a\nb", B: "1" }],
    ["a name given twice: the last one counts", "A=1\nA=2\n", { A: "2" }],
    ["names that are none", "export A=1\n1A=2\nA.B=3\nC\n", {}],
    ["an empty value", "A=\n", { A: "" }],
    [
      "a line without a name, whose sign = is the name's first",
      "='\rA=A\n=\nB=1\n=C=2\n ='\nD=1\n",
      { A: "A", B: "1", D: "1" },
    ],
    ["ends of line of other systems", "A=1\r\nB=2\rC=3", { A: "1", B: "2", C: "3" }],
  ] as const) {
    it(`reads ${what}`, () => assert.deepEqual(read(content), wanted));
  }

  it("reads each text as systemd's own parser does", function () {
    if (!existsSync(generator)) {
      this.skip();
    }
    this.timeout(120_000);
    fc.assert(
      fc.property(text, (content) => {
        const own = Object.fromEntries(Object.entries(read(content)).filter(([, v]) => v !== ""));
        // this program of systemd keeps the value before, where a later line of the same name is empty
        fc.pre(!readEnvFile(content).lines.some((line) => line.variable?.value === ""));
        assert.deepEqual(readBySystemd(content), own);
      }),
      { numRuns: 400, examples: [["='\rA=A"], ["=\nA=A"], ["=B=A\nA=1"], ["\t=#\nA=1"]] },
    );
  });

  it("writes what it read, byte by byte", () => {
    fc.assert(fc.property(text, (content) => assert.equal(writeEnvFile(readEnvFile(content)), content)));
  });

  it("sets a variable to any value, so that the file says it and every other variable stays", () => {
    fc.assert(
      fc.property(text, name, value, (content, key, wanted) => {
        const changed = writeEnvFile(withVariable(readEnvFile(content), key, wanted));
        assert.deepEqual(read(changed), { ...read(content), [key]: wanted });
      }),
    );
  });

  it("changes no other line than the one that sets the variable", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.stringMatching(/^[a-z0-9.:/,-]{0,9}$/)), { maxLength: 9 }),
        name,
        value,
        (pairs, key, wanted) => {
          const lines = pairs.flatMap(([n, v]) => [`# about ${n}`, `${n}=${v}`]);
          const after = writeEnvFile(withVariable(readEnvFile(`${lines.join("\n")}\n`), key, wanted));
          const kept = lines.filter((line) => !line.startsWith(`${key}=`));
          const left = kept.filter((line) => after.split("\n").includes(line));
          assert.deepEqual(left, kept);
        },
      ),
    );
  });

  it("takes a variable out of the file, and nothing else", () => {
    fc.assert(
      fc.property(text, name, (content, key) => {
        const { [key]: _, ...others } = read(content);
        assert.deepEqual(read(writeEnvFile(withoutVariable(readEnvFile(content), key))), others);
      }),
    );
  });

  it("keeps one comment of a kind, as the last line, and no variable is lost behind it", () => {
    fc.assert(
      fc.property(text, fc.nat(9), fc.nat(9), (content, one, two) => {
        const first = withLastComment(readEnvFile(content), "# rke-dr.epoch: ", String(one));
        const second = withLastComment(readEnvFile(writeEnvFile(first)), "# rke-dr.epoch: ", String(two));
        const written = writeEnvFile(second);
        assert.deepEqual(read(written), read(content));
        assert.equal(commentOf(readEnvFile(written), "# rke-dr.epoch: "), String(two));
        assert.equal(written.split("# rke-dr.epoch: ").length, 2);
      }),
    );
  });

  it("names lines that systemd reads as nobody means them", () => {
    assert.deepEqual(envFileProblems("A=1\n# a\\\nB=2\nexport C=1\nD='x\nE=1\n", "/etc/etcd.env"), [
      '/etc/etcd.env line 2: is a comment that ends with a backslash: systemd before 254 takes the next line for a part of it, later ones don\'t: "# a\\\\\\nB=2"',
      '/etc/etcd.env line 4: is no NAME=VALUE, so systemd ignores it: "export C=1"',
      '/etc/etcd.env line 5: has a quote without an end, so it takes all that follows for its value: "D=\'x\\nE=1"',
    ]);
    assert.deepEqual(envFileProblems("# a\n\nA=1\n", "/etc/etcd.env"), []);
  });
});
