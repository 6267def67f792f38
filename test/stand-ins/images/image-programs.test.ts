import { equal } from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { goEnvironment } from "../../../lab/build/go-build";
import { thisMachine } from "../../../lab/build/toolchain";
import { run } from "../../../lab/machine/run";

const go = thisMachine().goPath;
const test = go ? it : it.skip;

describe("lab: programs in the images", () => {
  test(`pass their own tests${go ? "" : " (skipped: go is not installed)"}`, async function () {
    this.timeout(900_000); // the first time, what they use of Kubernetes is built
    const result = await run([go ?? "go", "test", "./..."], {
      cwd: join(__dirname, "../../../stand-ins/images"),
      env: goEnvironment(process.env),
    });
    equal(result.code, 0, result.stdout + result.stderr);
  });
});
