#!/usr/bin/env node
// `rke-dr COMMAND ...`, in a checkout and in a project that has this package as a dependency. Each command is the file that `npm run COMMAND` starts; here
// it takes the Pulumi project of the folder that it is called in.
const { spawn } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const root = join(__dirname, "..");
const topology = ["--topology", "Pulumi.yaml"];
/** The stacks' own files in that folder may have a topology, too. */
const project = ["--project", "."];
/** By command, its file and what it gets unless the caller says otherwise. */
const commands = {
  preview: ["automation/command.ts", ["preview"]],
  failover: ["automation/command.ts", ["failover"]],
  clusters: ["automation/clusters/command.ts", []],
  report: ["cli/report.ts", [], ["--last"], project],
  watch: ["cli/watch.ts", [], project],
  render: ["cli/render.ts", [], topology, ["--out", "rendered"]],
  policy: ["cli/policy.ts", [], topology],
  import: ["cli/import.ts", []],
  rehearse: ["cli/rehearse.ts", [], project],
  ready: ["cli/ready.ts", [], project],
  lost: ["cli/lost.ts", [], project],
  plan: ["cli/plan.ts", [], project],
};
const known = Object.keys(commands).filter((name) => existsSync(join(root, commands[name][0])));

const usage = `usage: rke-dr COMMAND [OPTIONS]

In a folder with a Pulumi project (Pulumi.yaml). \`rke-dr COMMAND --help\` says the options.

  ${known.join("\n  ")}
`;

const [name, ...given] = process.argv.slice(2);
if (name === undefined || name === "--help" || name === "-h") {
  process.stdout.write(usage);
} else if (!known.includes(name)) {
  process.stderr.write(`command: must be one of ${known.join(", ")}: ${JSON.stringify(name)}\n`);
  process.exitCode = 2;
} else {
  const [file, first, ...usual] = commands[name];
  const asksForHelp = given.includes("--help") || given.includes("-h");
  const rest = asksForHelp
    ? []
    : usual.filter(([option]) => !given.some((word) => word.split("=")[0] === option)).flat();
  const tsx = pathToFileURL(require.resolve("tsx")).href;
  const child = spawn(process.execPath, ["--import", tsx, join(root, file), ...first, ...given, ...rest], {
    stdio: "inherit",
  });
  // Ctrl-C reaches the child, too, which decides what it means
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => signal === "SIGTERM" && child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
}
