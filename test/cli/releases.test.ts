import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { releasesCommand } from "../../cli/releases";

const root = join(__dirname, "../..");
const recorded = join(root, "test/golden/rke-releases/releases.json");

describe("npm run releases", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-releases-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("-- --check: docs/rke-releases.md is current (else run `npm run releases`)", () =>
    assert.deepEqual(releasesCommand(["--check"]), { status: 0, stdout: "", stderr: "" }));

  it("says of a stale page what to do, and writes it anew", () => {
    const page = join(folder, "page.md");
    copyFileSync(join(root, "docs/rke-releases.md"), page);
    writeFileSync(page, readFileSync(page, "utf8").replace("v1.20.5-rancher1-1", "v1.20.4-rancher1-1"));
    const { status, stdout } = releasesCommand(["--check", "--page", page]);
    assert.equal(status, 1);
    assert.match(stdout, /is stale: run `npm run releases`/);
    assert.equal(releasesCommand(["--page", page]).status, 0);
    assert.equal(releasesCommand(["--check", "--page", page]).status, 0);
  });

  it("-- --from makes the table from the recorded metadata", () => {
    const table = join(folder, "table.json");
    assert.equal(releasesCommand(["--from", recorded, "--table", table]).status, 0);
    const own = readFileSync(join(root, "plan/installers/rke/releases/table.json"), "utf8");
    assert.equal(readFileSync(table, "utf8"), own);
  });

  it("refuses metadata that the table can't hold, and writes nothing", () => {
    const odd = join(folder, "odd.json");
    writeFileSync(odd, readFileSync(recorded, "utf8").replaceAll("rancher/rke-tools:v0.1.72", "other/tools:v0.1.72"));
    const { status, stderr } = releasesCommand(["--from", odd, "--table", join(folder, "none.json")]);
    assert.equal(status, 2);
    assert.match(stderr, /other\/tools:v0\.1\.72: isn't rancher\/rke-tools/);
  });
});
