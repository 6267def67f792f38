import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { datacenterSchema, hostSchema, topologySchema } from "../../plan/topology/schema";
import { anchors, blocks, codeSpans, documents, prose, read } from "./markdown";
import { shellScripts } from "./shell-scripts";
import { root, sources } from "./sources";

/** The folders that git has files of, at the root or in one of its folders. */
const foldersIn = (parent: string): string[] => [
  ...new Set(
    spawnSync("git", ["ls-files", parent === "" ? "." : parent], { cwd: root, encoding: "utf8" })
      .stdout.split("\n")
      .map((path) => path.slice(parent.length).split("/"))
      .filter((parts) => parts.length > 1)
      .map(([first = ""]) => first),
  ),
];
const rooms = foldersIn("");

/** A path in a document begins at the root, or where the document lies. */
const exists = (document: string, path: string): boolean =>
  [root, join(root, dirname(document))].some((from) => isThere(from, path));

/** `{a,b}` and `*` stand for what a shell makes of them; a word in capitals, such as X in failover-X, for any name. */
function isThere(from: string, path: string): boolean {
  const any = path.replace(/(?<![A-Za-z.])[A-Z]+(?![A-Za-z.])/g, "*");
  return alternatives(any).every((one) => (/[*?]/.test(one) ? matches(from, one) : existsSync(join(from, one))));
}

function alternatives(path: string): string[] {
  const [, before = "", inner, after = ""] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return inner === undefined ? [path] : inner.split(",").flatMap((word) => alternatives(before + word + after));
}

function matches(folder: string, path: string): boolean {
  const [first = "", ...rest] = path.split("/").filter((part) => part !== "");
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  const pattern = new RegExp(`^${first.replace(/[.+()$^|]/g, "\\$&").replaceAll("*", ".*")}$`);
  const names = first === ".." ? [first] : readdirSync(folder).filter((name) => pattern.test(name));
  return names.some((name) => rest.length === 0 || matches(join(folder, name), rest.join("/")));
}

/** Words of commands and code spans that can only be meant as a path into one of the project's folders. */
const paths = (text: string): string[] =>
  [...codeSpans(text), ...blocks(text, "sh").flatMap((block) => block.split("\n"))]
    .flatMap((code) => code.replace(/(^|\s)#.*$/, "").split(/[\s"'()]+/))
    .map((word) => word.replace(/[:,;.]+$/, ""))
    .filter((word) => new RegExp(`^(\\.\\.?/)*(${rooms.join("|")})/[\\w./*{},-]*$`).test(word));

describe("documents", () => {
  it("are found", () => assert.ok(documents.includes("README.md") && documents.includes("docs/runbook.md")));

  for (const document of documents) {
    const text = read(document);

    it(`${document}: every relative link leads to a file, and to a heading if it names one`, () => {
      const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
      const broken = links.filter((target) => {
        if (/^[a-z]+:/.test(target)) return false;
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document : normalize(join(dirname(document), path));
        return !existsSync(join(root, file)) || (anchor !== undefined && !anchors(read(file)).includes(anchor));
      });
      assert.deepEqual(broken, []);
    });

    it(`${document}: every path in backticks or in a command is there`, () => {
      assert.deepEqual(
        paths(text).filter((path) => !exists(document, path)),
        [],
      );
    });
  }

  it("docs/decisions: each has at most 25 lines, and its index leads to each", () => {
    const decisions = documents.filter((path) => /^docs\/decisions\/\d/.test(path));
    const index = read("docs/decisions/README.md");
    assert.ok(decisions.length > 10);
    assert.deepEqual(
      decisions.filter(
        (path) => read(path).trimEnd().split("\n").length > 25 || !index.includes(`](${basename(path)})`),
      ),
      [],
    );
  });

  it("README.md: its map has every room", () => {
    const text = read("README.md");
    const named = [
      ...rooms.filter((room) => !room.startsWith(".")),
      ...["plan/", "on-host/"].flatMap((parent) => foldersIn(parent).map((room) => parent + room)),
    ];
    assert.ok(named.includes("plan/guards"));
    assert.deepEqual(
      named.filter((room) => !text.includes(`${room}/`)),
      [],
    );
  });

  it("docs/topology.md: has every key of the topology", () => {
    const page = read("docs/topology.md");
    const keys = [topologySchema, datacenterSchema, hostSchema].flatMap((schema) => Object.keys(schema.shape));
    assert.deepEqual(
      keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(page)),
      [],
    );
  });

  describe("that sources and scripts name", () => {
    const files = [...sources(), ...shellScripts(root)];

    it("are there", () => {
      const named = files.flatMap((file) =>
        [...read(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => `${file}: ${path}`),
      );
      assert.ok(named.some((line) => line.startsWith("on-host/")));
      assert.deepEqual(
        named.filter((line) => !existsSync(join(root, line.split(": ")[1] ?? ""))),
        [],
      );
    });

    it("have the headings that are named with them", () => {
      const named = files.flatMap((file) => [
        ...[...read(file).matchAll(/"([^"\\]+)\\?" in (docs\/[\w/-]+\.md)/g)].map(([, title = "", path = ""]) => ({
          file,
          title,
          path,
        })),
        ...[...read(file).matchAll(/(docs\/[\w/-]+\.md), \\?"([^"\\]+)/g)].map(([, path = "", title = ""]) => ({
          file,
          title,
          path,
        })),
      ]);
      assert.ok(
        named.some(({ file }) => file.startsWith("on-host/")) && named.some(({ file }) => file.startsWith("plan/")),
      );
      assert.deepEqual(
        named.filter(({ title, path }) => !new RegExp(`^#+ ${title}$`, "m").test(read(path))),
        [],
      );
    });
  });
});
