/**
 * All survivors of a fleet, in one process: an SSH server at each of their addresses that lets the operator in and answers
 * every command with that host's recorded facts. A STAND-IN for hundreds of machines' sshd: on one machine their logins would
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
        accept().on("exec", (acceptExec) => {
          const stream = acceptExec();
          stream.resume().on("end", () => tell(stream, facts));
        }),
      ),
  ).listen(22, address);
}
