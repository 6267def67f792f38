/**
 * Part of `npm run check`: shellcheck on every script of the repository, together with the libraries that it is sent with. Installs
 * shellcheck where it can; without it this says so and succeeds, but in CI (variable CI) fails.
 */
import { join } from "node:path";
import { installPackages } from "../../lab/machine/packages";
import { excluded, findingsOf, noShellcheck, runsOf, shellScripts } from "./shell-scripts";

const root = join(__dirname, "../..");

/** Debian's package, where it is missing and this is root's machine. */
export async function installShellcheck(): Promise<void> {
  if (noShellcheck() === "" || process.getuid?.() !== 0) return;
  try {
    await installPackages({ shellcheck: "shellcheck" });
  } catch (error) {
    console.log(`shellcheck can't be installed: ${error instanceof Error ? error.message : error}`);
  }
}

async function main(): Promise<number> {
  await installShellcheck();
  const why = noShellcheck();
  if (why !== "") {
    console.log(`scripts aren't checked: ${why}`);
    return process.env.CI ? 1 : 0;
  }
  const scripts = shellScripts(root);
  const findings = await findingsOf(root, runsOf(root, scripts), excluded);
  for (const finding of findings) console.log(finding);
  const without = excluded.length > 0 ? `, without ${excluded.join(" and ")}` : "";
  console.log(`Checked ${scripts.length} scripts${without}. ${findings.length} findings.`);
  return findings.length > 0 ? 1 : 0;
}

if (require.main === module)
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
