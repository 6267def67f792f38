import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const root = join(__dirname, "../..");

/** What each room may import: packages by name, folders of the project with a slash. */
const allowed: Record<string, { packages: RegExp; folders: string[] }> = {
  plan: { packages: /^(zod|yaml|diff|protobufjs\/minimal)$/, folders: ["plan/"] },
  evidence: { packages: /^$/, folders: ["plan/", "evidence/"] },
  observe: {
    packages: /^(ssh2|node:(crypto|fs|net|os|path|stream))$/,
    folders: ["plan/", "observe/", "config.ts", "on-host.ts"],
  },
  components: {
    packages: /^(@pulumi\/.*|yaml|node:(child_process|crypto))$/,
    folders: ["plan/", "evidence/", "observe/", "components/", "config.ts", "on-host.ts", "stop.ts"],
  },
  cli: {
    packages: /^(yaml|diff|node:(child_process|fs|path|util))$/,
    folders: ["plan/", "evidence/", "cli/", "observe/", "on-host.ts", "ssh-access.ts"],
  },
};

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));

/** What a file imports: package names, or paths from the project's root. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import|require\()\s*"([^"]+)"/g)].map(([, name = ""]) =>
    name.startsWith(".") ? relative(root, normalize(join(root, dirname(file), name))) : name,
  );
}

describe("dependencies point one way", () => {
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
        imports(file).filter((name) => name.startsWith("lab")),
        [],
        file,
      );
    }
  });
});
