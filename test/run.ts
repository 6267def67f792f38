/**
 * `npm test`: makes ready what tests of the lab need, and shellcheck, saying what, then runs mocha on all tests, in two processes side by
 * side: one runs those that build labs, which wait most of their time; the other runs all that need no lab, then labs as well. The second's
 * output follows at the end. `npm test -- FILE ...` runs these alone. If no lab can run, its tests are skipped by name and reason.
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
/** Of these the suites that take a lab through a disaster, the longest first. Each is a share of its own; whoever is free takes the next one. */
const disasters = ["bad-day", "killed", "peace", "learner", "drill"].map((name) => `test/e2e/${name}.test.ts`);

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
    if (!live) console.log(`tests beside: ${args[0]}: ${output.match(/^ *\S*✔/gm)?.length ?? 0} have passed so far`);
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
  console.log("tests that need no lab, and then labs as well, run beside; their output follows at the end");
  const shares = [...disasters.map((file) => [file]), [labs, ...disasters.flatMap((file) => ["--ignore", file])]];
  const inTurn = async (first: string[] | undefined, live: boolean): Promise<Run[]> => {
    const runs: Run[] = [];
    for (let share = first; share !== undefined; share = shares.shift()) runs.push(await mocha(share, env, live));
    return runs;
  };
  const [live, beside] = await Promise.all([
    inTurn(shares.shift(), true),
    inTurn(["test/**/*.test.ts", "--ignore", labs], false),
  ]);
  for (const { output } of beside) console.log(output);
  const runs = [...live, ...beside];
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
