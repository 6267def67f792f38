import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { shellScripts } from "./shell-scripts";
import { root, sources } from "./sources";

/** Rooms behind a door: what docker and RKE are is known there alone; a static pod's containers are Kubernetes' own word. */
const behindDoors = [
  "plan/runtimes/docker/",
  "plan/runtimes/static-pod/",
  "plan/runtimes/systemd/",
  "plan/installers/rke/",
  "plan/installers/kubeadm/",
  "on-host/runtimes/docker.sh",
  "on-host/runtimes/static-pod",
  "on-host/runtimes/systemd",
  "on-host/installers/rke/",
];

/**
 * Files of plan/ that name a runtime or an installer in code for a reason: they declare an installer's keys, choose the
 * installer, the reader of a section or what versions are known by, or read RKE's own file.
 */
const named: string[] = [
  "plan/declaration/draft.ts",
  "plan/declaration/installers.ts",
  "plan/facts/facts.ts",
  "plan/import/import.ts",
  "plan/import/node.ts",
  "plan/import/read-cluster-yml.ts",
  "plan/import/versions.ts",
  "plan/installers/declared-versions.ts",
  "plan/installers/installers.ts",
  "plan/topology/schema.ts",
];

/** The names of one runtime and one installer. rke-dr is this program, and rkestate a file that every deploy host has. */
const names =
  /[Dd]ocker|DOCKER|[Cc]ontainer|(?<![A-Za-z])rke(?!state|[-_. ]?dr|[a-z])|(?<=[a-z])Rke(?![a-z])|(?<![A-Za-z])RKE(?![-_]DR|[A-Za-z])/;
/** Paths are no words for people, even inside a string. */
const paths = /\/[\w./*$-]*(docker|container)[\w./*-]*/i;

/** Shell without comments, here-documents and text in quotes; commands that a quoted text runs, `$(...)`, are code. */
function shellCode(script: string): string {
  const text = script.replace(/<<'?([A-Z]+)'?\n[\s\S]*?\n\1\n/g, "\n");
  let code = "";
  /** The brackets around this place, innermost last: a quoted text, or `$(`. */
  const around: ('"' | "(")[] = [];
  for (let i = 0; i < text.length; i++) {
    const [c, next, inside] = [text[i] ?? "", text[i + 1], around.at(-1)];
    if (c === "\\") {
      i++;
    } else if (c === "$" && next === "(") {
      around.push("(");
      code += "$(";
      i++;
    } else if (c === '"') {
      if (inside === '"') around.pop();
      else around.push('"');
    } else if (inside === '"') {
      // variables are names of the script's own
      const variable = /^\$\{?[a-z_]\w*/.exec(text.slice(i, i + 60))?.[0];
      if (variable) {
        code += ` ${variable} `;
        i += variable.length - 1;
      }
    } else if (c === "'") {
      const end = text.indexOf("'", i + 1);
      assert.ok(end > 0, `a quote without an end: ${text.slice(i, i + 80)}`);
      code += `''${"\n".repeat(text.slice(i, end).split("\n").length - 1)}`;
      i = end;
    } else if (c === "#" && /(^|[\s;])$/.test(text.slice(Math.max(0, i - 1), i))) {
      const end = text.indexOf("\n", i);
      i = (end < 0 ? text.length : end) - 1;
    } else {
      if (c === "(" && around.length > 0) around.push("(");
      if (c === ")" && inside === "(") around.pop();
      code += c;
    }
    if (c === "\n" && inside === '"') code += "\n";
  }
  return code;
}

/** Identifiers of a TypeScript file that name what is behind a door. */
function typescriptNames(text: string): string[] {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && names.test(node.text)) found.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest));
  return [...found];
}

const open = (path: string): boolean => !behindDoors.some((door) => path.startsWith(door));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const withoutComments = (text: string): string => text.replace(/^\s*#.*$|\s# .*$/gm, "");
const scripts = shellScripts(root).filter((path) => path.startsWith("on-host/") && open(path));
const planFiles = sources("plan").filter(open);

describe("outside of the doors", () => {
  it("no script of on-host/ names docker, containers or RKE but in words for people", () => {
    assert.ok(scripts.length > 45);
    const found = scripts.flatMap((path) =>
      [
        ...shellCode(read(path))
          .split("\n")
          .filter((line) => names.test(line)),
        ...withoutComments(read(path))
          .split("\n")
          .filter((line) => paths.test(line)),
      ].map((line) => `${path}: ${line.trim()}`),
    );
    assert.deepEqual(found, []);
  });

  it("no name in plan/ says docker, container or RKE, but in the files that are listed with the reason", () => {
    const found = planFiles.filter((path) => typescriptNames(read(path)).length > 0);
    const said = planFiles.flatMap((path) => typescriptNames(read(path)).map((name) => `${path}: ${name}`));
    assert.deepEqual(found.sort(), [...named].sort(), said.join("\n"));
  });

  it("such a name would be seen, a word isn't", () => {
    const seen = (text: string) => names.test(shellCode(text));
    for (const text of [
      "docker ps",
      'x="$(docker ps)"',
      "container_status etcd",
      'a "$container"',
      "rke up",
      '"a" docker "b"',
    ])
      assert.equal(seen(text), true, text);
    for (const text of [
      "# docker",
      'die "docker: no"',
      "x='docker'",
      "/var/lib/rke-dr",
      "true # of RKE's",
      "cluster.rkestate",
    ])
      assert.equal(seen(text), false, text);
    assert.ok(paths.test('curl --unix-socket "/var/run/docker.sock"'));
    assert.deepEqual(typescriptNames("const rkeUp = 1; // docker\nf('docker', dockerHost);"), ["rkeUp", "dockerHost"]);
  });
});
