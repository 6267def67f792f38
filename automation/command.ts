/**
 * `rke-dr preview` and `rke-dr failover`: the same as `pulumi preview` and `pulumi up` of stack failover, with a line for each step as it runs,
 * and the report at the end. Ctrl-C ends an act after the steps that run; the same command goes on with it.
 */
import { parseArgs } from "node:util";
import { errorWords, print } from "../cli/command";
import { asksForHelp } from "../cli/usage";
import { reportMarkdown } from "../evidence/markdown";
import { ActError } from "./act-error";
import type { ActEvent } from "./events";

const usage = `usage: rke-dr preview  [OPTIONS]
       rke-dr failover [OPTIONS]

Shows what a failover would do, or does it, by the Pulumi project in this folder: topology in Pulumi.yaml, settings in Pulumi.failover.yaml.
PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE as for \`pulumi\`.

  --project FOLDER    another folder
  --stack NAME        another stack than failover
  --lost DATACENTER, --epoch N, --confirm DATACENTER@N, --attest powered-off@DATACENTER@N, --endpoint by-hand@DATACENTER@N
                      kept in the stack's settings, as \`pulumi config set\` does
  --json              prints the report, or preview's result, as JSON

Exit status: 0, or 1 if the act was refused or failed; of preview also 0 if guards would stop the act.
`;

const options = {
  project: { type: "string" },
  stack: { type: "string" },
  lost: { type: "string" },
  epoch: { type: "string" },
  confirm: { type: "string" },
  attest: { type: "string" },
  endpoint: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

async function body(verb: string | undefined, argv: string[]): Promise<string> {
  if (asksForHelp(argv)) return usage;
  if (verb !== "preview" && verb !== "failover") throw new Error(usage.trimEnd());
  const { json, project, stack, epoch, lost, confirm, attest, endpoint } = parseArgs({ args: argv, options }).values;
  if (epoch !== undefined && !/^[1-9]\d{0,8}$/.test(epoch)) {
    throw new Error(`--epoch: must be a whole number from 1: ${JSON.stringify(epoch)}`);
  }
  const began = Date.now();
  // Pulumi's Automation API takes seconds to load: not for words alone
  const { failover } = await import("./failover.js");
  const act = await failover({
    ...(project === undefined ? {} : { project }),
    ...(stack === undefined ? {} : { stack }),
    config: {
      ...(lost === undefined ? {} : { lost }),
      ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
      ...(confirm === undefined ? {} : { confirm }),
      ...(attest === undefined ? {} : { attest }),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
    onEvent: (event) => progress(event, verb, (Date.now() - began) / 1000),
  });
  let asked = false;
  const end = () => {
    // a second Ctrl-C ends this process; the act's own steps end by themselves
    if (asked) process.exit(130);
    asked = true;
    const what = verb === "preview" ? "preview ends" : "the act ends after the steps that run now";
    process.stderr.write(`${what}; Ctrl-C again doesn't wait for it\n`);
    act.cancel().catch((error: Error) => process.stderr.write(`${error.message}\n`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  if (verb === "preview") {
    const preview = await act.preview();
    return json ? `${JSON.stringify(preview, null, 2)}\n` : `${preview.words}\n`;
  }
  const report = await act.up();
  if (!report) return json ? "null\n" : "nothing to recover from: `rke-dr preview` says why\n";
  return json ? `${JSON.stringify(report, null, 2)}\n` : reportMarkdown(report);
}

/** A line on standard error, with the seconds since the command. What a step says is left out: the report has it. */
function progress(event: ActEvent, verb: string, seconds: number): void {
  const line = (words: string) => process.stderr.write(`${seconds.toFixed(1).padStart(6)} s  ${words}\n`);
  if (event.kind === "step" && verb === "failover") {
    line(
      event.state === "started"
        ? `${event.name}: begins`
        : `${event.name}: ${event.state} after ${event.seconds.toFixed(1)} s`,
    );
  }
  // errors are this command's own, at its end; preview's words are its output
  if (event.kind === "words" && (event.severity === "warning" || (event.severity === "info" && verb === "failover"))) {
    line(event.text);
  }
}

if (require.main === module) {
  const [verb, ...argv] = process.argv.slice(2);
  body(verb, argv).then(
    (stdout) => print({ status: 0, stdout, stderr: "" }),
    (error: unknown) => {
      const words = errorWords(error);
      print({
        status: 1,
        stdout: "",
        stderr: `${words}\n${error instanceof ActError && error.refused ? "Nothing was changed.\n" : ""}`,
      });
    },
  );
}
