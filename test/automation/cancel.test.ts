import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { isLeft, locksOn, takeLeftLocks } from "../../automation/locks";
import { until } from "../../lab/machine/run";

const root = join(__dirname, "../..");

/** A program in Pulumi's place on PATH: it counts the SIGINTs that it gets, and ends by itself a second after the first. */
const counting = `#!/usr/bin/env node
const { writeFileSync } = require("node:fs");
if (process.argv[2] === "version") {
  console.log("v3.276.0");
} else {
  let count = 0;
  const mark = (name, text) => writeFileSync(process.env.MARKS + "/" + name, text);
  const never = setTimeout(() => {}, 60_000);
  process.on("SIGINT", () => {
    mark("interrupts", String(++count));
    clearTimeout(never);
    setTimeout(() => mark("ended", process.env.PATH), 1000);
  });
  mark("begun", process.argv.slice(2).join(" "));
}
`;

/** Runs that program by what the call uses, and aborts it at a SIGINT, as a program does that calls \`cancel\`. */
const program = `
const { pulumiCommand } = require("tsx/cjs/api").require(${JSON.stringify(join(root, "automation/pulumi.ts"))}, __filename);
const cut = new AbortController();
process.on("SIGINT", () => setTimeout(() => cut.abort(), 300));
pulumiCommand().then((command) => command.run(["up"], process.cwd(), {}, undefined, undefined, cut.signal));
`;

describe("an operation that is cancelled", () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cancel-"));
    writeFileSync(join(folder, "pulumi"), counting, { mode: 0o755 });
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("asks Pulumi to end once, although the terminal's Ctrl-C reaches all processes of the command", async () => {
    const path = `${folder}:${process.env.PATH}`;
    child = spawn(process.execPath, ["-e", program], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, PATH: path, MARKS: folder },
    });
    const { pid = 0 } = child;
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    await until("the program in Pulumi's place", 30, async () => existsSync(join(folder, "begun")));
    // as a terminal does
    process.kill(-pid, "SIGINT");
    await until("its end", 30, async () => existsSync(join(folder, "ended")));
    assert.equal(await ended, 0);
    assert.equal(readFileSync(join(folder, "interrupts"), "utf8"), "1");
    assert.equal(readFileSync(join(folder, "begun"), "utf8"), "up --non-interactive");
    assert.equal(readFileSync(join(folder, "ended"), "utf8"), path);
  });
});

describe("a lock that an operation has left", () => {
  let backend: string;
  const timestamp = "2026-11-29T03:00:00Z";
  const put = (name: string, lock: object, stack = "organization/rke-dr/failover") => {
    mkdirSync(join(backend, ".pulumi/locks", stack), { recursive: true });
    writeFileSync(join(backend, ".pulumi/locks", stack, name), JSON.stringify({ username: "kim", timestamp, ...lock }));
  };
  const left = () => locksOn(backend, "rke-dr", "failover").map(({ path }) => path.split("/").at(-1));
  /** A number that no process has. */
  const nobody = 4_194_303;

  beforeEach(() => {
    backend = mkdtempSync(join(tmpdir(), "locks-"));
  });
  afterEach(() => rmSync(backend, { recursive: true }));

  it("is taken away if it is this machine's and its process is gone", () => {
    put("1.json", { pid: nobody, hostname: hostname() });
    assert.deepEqual(takeLeftLocks(locksOn(backend, "rke-dr", "failover")), []);
    assert.deepEqual(left(), []);
  });
  for (const [what, lock] of [
    ["its process runs", { pid: process.pid, hostname: hostname() }],
    ["it is another machine's", { pid: nobody, hostname: "another" }],
  ] as const) {
    it(`stays if ${what}, also beside one that is taken away`, () => {
      put("1.json", lock);
      put("2.json", { pid: nobody, hostname: hostname() });
      const others = takeLeftLocks(locksOn(backend, "rke-dr", "failover"));
      assert.deepEqual(
        others.map(({ pid, hostname: host }) => ({ pid, hostname: host })),
        [lock],
      );
      assert.ok(others.every((other) => !isLeft(other)));
      assert.deepEqual(left(), ["1.json"]);
    });
  }
  it("is that of this stack alone", () => {
    put("1.json", { pid: nobody, hostname: hostname() }, "organization/rke-dr/primary");
    assert.deepEqual(locksOn(backend, "rke-dr", "failover"), []);
  });
});
