/**
 * All survivors of a fleet, in one process: an SSH server at each of their addresses that lets the operator in, answers a look
 * with that host's recorded facts, and a step with the record of one that went well, after a while. A STAND-IN for hundreds of machines' sshd: on one machine their logins would
 * be most of what is measured. Arguments: the fleet's folder. Runs in the fleet's network.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Server, type ServerChannel, utils } from "ssh2";

const [folder = ""] = process.argv.slice(2);
const hostKey = readFileSync(join(folder, "host"));
const operator = utils.parseKey(readFileSync(join(folder, "operator.pub")));
if (operator instanceof Error) throw operator;
const blob = operator.getPublicSSH();

/** Milliseconds: as long as a host waits for the lost side's silence. */
const silence = 1300;

function tell(stream: ServerChannel, facts: string): void {
  stream.write(`${facts}now=${Date.now()}\n@@ late\n`);
  setTimeout(() => {
    stream.exit(0);
    stream.end();
  }, silence);
}

/** Milliseconds that a step takes; nothing is done in them. */
const stepTimes: Record<string, number> = { "first-write": 1400, "rke-up": 7000 };
const usualStep = 300;

/** @param args STEP EPOCH GENERATION ACT CLUSTER [ARGUMENT ...] */
function pretend(stream: ServerChannel, [step = "", epoch, generation]: string[]): void {
  const startedAt = Date.now();
  const milliseconds = stepTimes[step] ?? usualStep;
  const facts = step === "first-write" ? { acceptedAt: String(startedAt + milliseconds) } : {};
  const result = { step, host: "", epoch: Number(epoch), generation: Number(generation), input: "", startedAt };
  setTimeout(() => {
    stream.stderr.write(`${step}: a STAND-IN did nothing\n`);
    stream.write(`${JSON.stringify({ ...result, milliseconds, did: [], facts })}\n`);
    stream.exit(0);
    stream.end();
  }, milliseconds);
}

for (const address of readdirSync(join(folder, "facts"))) {
  const facts = readFileSync(join(folder, "facts", address), "utf8");
  new Server({ hostKeys: [hostKey] }, (client) =>
    client
      .on("error", () => undefined)
      .on("authentication", (context) => {
        const isOperator =
          context.method === "publickey" &&
          context.key.data.equals(blob) &&
          (context.signature === undefined || operator.verify(context.blob as Buffer, context.signature) === true);
        if (isOperator) context.accept();
        else context.reject(["publickey"]);
      })
      .on("session", (accept) =>
        accept().on("exec", (acceptExec, _reject, { command }) => {
          const stream = acceptExec();
          const args = command.split(" bash -s -- ")[1]?.split(" ") ?? [];
          // the first argument of a look is its epoch
          const isLook = /^\d+$/.test(args[0] ?? "");
          stream.resume().on("end", () => (isLook ? tell(stream, facts) : pretend(stream, args)));
        }),
      ),
  ).listen(22, address);
}
