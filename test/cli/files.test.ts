import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importCommand } from "../../cli/import";
import { planCommand } from "../../cli/plan";
import { releasesCommand } from "../../cli/releases";
import { renderCommand } from "../../cli/render";

describe("a file or folder that a command can't use is one clear error", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-files-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file");
  writeFileSync(file, "a file\n");
  mkdirSync(join(folder, "full/inner"), { recursive: true });

  const lost = (yaml: string) => {
    const command = ["--import", "tsx", join(__dirname, "../../cli/lost.ts"), "--epoch", "2", "--yaml", yaml];
    // a topology that isn't there: it is read behind the options
    const { status, stdout, stderr } = spawnSync(process.execPath, [...command, "--topology", join(folder, "none")], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  for (const [what, yaml, words] of [
    [
      "a file",
      file,
      `--yaml: must be a new or an empty folder: ${file}: can't be used, file already exists (EEXIST)\n`,
    ],
    [
      "a folder below a file",
      join(file, "sub"),
      `--yaml: must be a new or an empty folder: ${join(file, "sub")}: can't be used, not a directory (ENOTDIR)\n`,
    ],
    [
      "a folder with something in it",
      join(folder, "full"),
      `--yaml: must be a new or an empty folder: ${JSON.stringify(join(folder, "full"))} has files\n`,
    ],
  ] as const) {
    it(`lost --yaml: ${what}`, () => assert.deepEqual(lost(yaml), { status: 1, stdout: "", stderr: words }));
  }

  it("lost --yaml makes a new folder", () => {
    const made = join(folder, "new/inner");
    assert.match(lost(made).stderr, /^\S+none: can't be read \(ENOENT\)\n$/);
    assert.ok(existsSync(made));
  });

  const clusterYml = join(folder, "cluster.yml");
  writeFileSync(
    clusterYml,
    `kubernetes_version: v1.20.5-rancher1-1
nodes:
  - { address: 10.0.0.1, user: root, role: [controlplane, etcd] }
  - { address: 10.0.0.2, user: root, role: [controlplane] }
`,
  );
  const sites = ["--datacenter", "a=10.0.0.1", "--datacenter", "b=10.0.0.2"];
  const commands: [string, () => { status: number; stderr: string } | Promise<{ status: number; stderr: string }>][] = [
    ["render --out", () => renderCommand(["--out", file])],
    ["render --out, below a file", () => renderCommand(["--out", join(file, "sub")])],
    ["import --output, below a file", () => importCommand([clusterYml, ...sites, "--output", join(file, "sub")])],
    ["import --output, a folder", () => importCommand([clusterYml, ...sites, "--output", folder])],
    ["import --into", () => importCommand([clusterYml, ...sites, "--into", folder])],
    ["releases --page", () => releasesCommand(["--page", join(file, "sub")])],
    ["plan --project", () => planCommand(["--project", file, "--unseen"])],
  ];
  for (const [what, run] of commands) {
    it(what, async () => {
      const { status, stderr } = await run();
      assert.notEqual(status, 0);
      const [first = "", ...more] = stderr.trimEnd().split("\n");
      assert.deepEqual(more, []);
      assert.match(first, /^[^ ]+: can't be (used, [a-z ]+|read) \(E[A-Z]+\)$/);
    });
  }
});
