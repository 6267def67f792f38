// Runs a program, `node pulumi-once.js PROGRAM ARGUMENT ...`, away from the terminal, and asks it to end at most once. A Ctrl-C comes to this process from the
// terminal, and again from whoever started it and hears of it, too; but Pulumi ends in the middle of its steps at the second SIGINT.
const { spawn } = require("node:child_process");
const { delimiter } = require("node:path");

const [program, ...args] = process.argv.slice(2);
// Pulumi's SDK puts the folder of what it starts first, which is Node's here
const path = (process.env.PATH ?? "").split(delimiter).slice(1).join(delimiter);
const child = spawn(program, args, { detached: true, stdio: "inherit", env: { ...process.env, PATH: path } });
let asked = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (!asked) child.kill("SIGINT");
    asked = true;
  });
}
child.on("error", (error) => {
  process.stderr.write(`${program}: can't be started: ${error.message}\n`);
  process.exitCode = 127;
});
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
