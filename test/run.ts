/**
 * `npm test`: makes ready what tests of the lab need, and shellcheck, saying what, then runs mocha on all tests.
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

async function main(): Promise<number> {
  await installShellcheck();
  const env = { ...(await programs()), ...process.env };
  const only = process.argv.slice(2);
  const mocha = spawn(join(root, "node_modules/.bin/mocha"), only.length > 0 ? only : ["test/**/*.test.ts"], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  return new Promise((resolve) => mocha.once("exit", (code) => resolve(code ?? 1)));
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
