import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const root = join(__dirname, "../..");

/** The rooms of plan/ in their order: a room imports from itself and from rooms that stand before it. */
const planRooms = [
  "values",
  "topology",
  "runtimes",
  "facts",
  "etcd",
  "installers",
  "declaration",
  "acts",
  "import",
  "guards",
  "preview",
  "review",
];
/** Rooms beside each other: neither imports from the other. */
const apart: [string, string][] = [
  ["import", "acts"],
  ["guards", "import"],
  ["preview", "import"],
];

interface Rule {
  packages: RegExp;
  folders: string[];
}

const planRule = (name: string, i: number): [string, Rule] => [
  `plan/${name}`,
  {
    // node:crypto for MD5, which is as pure as the rest
    packages: /^(zod|yaml|diff|protobufjs\/minimal|node:crypto)$/,
    folders: planRooms
      .slice(0, i + 1)
      .filter((other) => other === name || !apart.some((pair) => pair.includes(name) && pair.includes(other)))
      .map((other) => `plan/${other}/`),
  },
];

/** What each room may import: packages by name, folders of the project with a slash. */
const allowed: Record<string, Rule> = {
  ...Object.fromEntries(planRooms.map(planRule)),
  evidence: { packages: /^$/, folders: ["plan/", "evidence/"] },
  reach: {
    packages: /^(ssh2|@pulumi\/pulumi|node:(child_process|fs|os|stream))$/,
    folders: ["plan/", "reach/"],
  },
  observe: {
    packages: /^node:(crypto|net|path)$/,
    folders: ["plan/", "reach/", "observe/", "on-host.ts"],
  },
  components: {
    packages: /^(@pulumi\/.*|yaml|node:(child_process|crypto))$/,
    folders: ["plan/", "evidence/", "reach/", "observe/", "components/", "config.ts", "on-host.ts", "stop.ts"],
  },
  cli: {
    packages: /^(yaml|diff|node:(child_process|fs|path|util))$/,
    folders: ["plan/", "evidence/", "reach/", "cli/", "observe/", "on-host.ts"],
  },
};

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));

/** What a file imports: package names, or paths from the project's root. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import|require\()\s*\(?"([^"]+)"/g)].map(([, name = ""]) =>
    name.startsWith(".") ? relative(root, normalize(join(root, dirname(file), name))) : name,
  );
}

describe("dependencies point one way", () => {
  it("every file of plan/ is in a room", () =>
    assert.deepEqual(
      sources("plan").filter((file) => !planRooms.includes(file.split("/")[1] ?? "")),
      [],
    ));

  for (const [room, rule] of Object.entries(allowed)) {
    for (const file of sources(room)) {
      it(file, () => {
        for (const name of imports(file)) {
          const fine = rule.packages.test(name) || rule.folders.some((f) => `${name}.ts` === f || name.startsWith(f));
          assert.ok(fine, `${file} imports ${name}`);
        }
      });
    }
  }

  it("nothing of the program imports the lab", () => {
    const program = ["index.ts", "config.ts", "stop.ts", "on-host.ts", ...Object.keys(allowed).flatMap(sources)];
    for (const file of program) {
      assert.deepEqual(
        imports(file).filter((name) => /^(lab|drill|bench|stand-ins)(\/|$)/.test(name)),
        [],
        file,
      );
    }
  });
});
