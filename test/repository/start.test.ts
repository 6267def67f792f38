import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "../..");

/** Runs code after start.js, as the language host does, and reads what it printed. */
const after = (code: string): unknown =>
  JSON.parse(
    execFileSync(process.execPath, ["-e", `require("./start.js"); console.log(JSON.stringify(${code}))`], {
      cwd: root,
      encoding: "utf8",
    }),
  );

describe("start.js", () => {
  it("loads the SDK without what only sends functions to providers or drives other programs", () => {
    const loaded = after("Object.keys(require.cache)") as string[];
    const wanted = /node_modules\/(@pulumi\/pulumi|@pulumi\/command|ssh2)\//;
    const heavy = /node_modules\/(typescript|execa|@pulumi\/pulumi\/automation)\//;
    assert.ok(loaded.some((file) => wanted.test(file)));
    assert.deepEqual(
      loaded.filter((file) => heavy.test(file)),
      [],
    );
  });

  it("loads it when it is used", () => {
    const pulumi = 'require("@pulumi/pulumi")';
    assert.equal(after(`typeof ${pulumi}.automation.LocalWorkspace.create`), "function");
    assert.equal(after('require("@pulumi/pulumi/typescript-shim").version.split(".").length'), 3);
  });
});
