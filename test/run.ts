/**
 * `npm test`: makes ready what tests of the lab need, and shellcheck, saying what, then runs mocha on all tests: those that build labs,
 * which wait most of their time, and beside them all others, whose output follows at the end. `npm test -- FILE ...` runs these alone.
 * If no lab can run, its tests are skipped by name and reason.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { goBuild } from "../lab/build/go-build";
import { pulumi } from "../lab/build/programs";
import { machineProblems, prepare, thisMachine } from "../lab/build/toolchain";
import { Lab } from "../lab/lab";
import { installShellcheck } from "./repository/shellcheck";

const root = join(__dirname, "..");

/** The engine and the API server that conformance tests run against. */
async function programs(): Promise<NodeJS.ProcessEnv> {
  const problems = machineProblems(thisMachine());
  if (problems.length > 0) {
    console.log(`tests that need a lab are skipped: ${problems.join("; ")}`);
    return {};
  }
  const { cache } = Lab.open().place;
  const { kubernetesFolder } = await prepare(cache);
  return {
    LAB_TEST_ENGINE: join(await goBuild(cache, pulumi), "pulumi"),
    KUBE_APISERVER_BIN: join(kubernetesFolder, "kube-apiserver"),
  };
}

const labs = "test/{drill,e2e,lab}/**/*.test.ts";

interface Run {
  code: number;
  output: string;
}

/** Runs mocha in a process of its own. @param live true: its output is printed as it comes; else how many tests have passed, every 30 s */
function mocha(args: string[], env: NodeJS.ProcessEnv, live: boolean): Promise<Run> {
  const child = spawn(join(root, "node_modules/.bin/mocha"), args, {
    cwd: root,
    env,
    stdio: ["inherit", "pipe", live ? "inherit" : "pipe"],
  });
  let output = "";
  const collect = (part: Buffer) => {
    output += String(part);
    if (live) process.stdout.write(part);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const progress = setInterval(() => {
    if (!live) console.log(`tests beside: ${output.match(/^ *\S*✔/gm)?.length ?? 0} have passed so far`);
  }, 30_000);
  return new Promise((resolve) =>
    child.once("close", (code) => {
      clearInterval(progress);
      resolve({ code: code ?? 1, output });
    }),
  );
}

/** The sum of the counts that test/reporter.cjs printed last in each run; a run that ended without one counts as a failure. */
function sum(runs: Run[]): string {
  const counts = runs.map(({ output }) => {
    const found = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
    return found ? found.slice(1).map(Number) : [0, 1, 0];
  });
  const [passed, failed, skipped] = [0, 1, 2].map((i) => counts.reduce((all, count) => all + (count[i] ?? 0), 0));
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

async function main(): Promise<number> {
  await installShellcheck();
  const env = { ...(await programs()), ...process.env };
  const only = process.argv.slice(2);
  if (only.length > 0) return (await mocha(only, env, true)).code;
  console.log("tests that need no lab run beside; their output follows at the end");
  const runs = await Promise.all([
    mocha([labs], env, true),
    mocha(["test/**/*.test.ts", "--ignore", labs], env, false),
  ]);
  console.log(runs[1]?.output);
  console.log(sum(runs));
  return Math.max(...runs.map(({ code }) => code));
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    console.log("0 passed, 1 failed");
    process.exitCode = 1;
  },
);
