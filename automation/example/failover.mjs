// Shows what a failover would do, asks, does it, and says what came of it. Ctrl-C ends it after the steps that run; started again, it goes on.
import { createInterface } from "node:readline/promises";
import { ActError, failover } from "rke-dr";

const act = await failover({
  onEvent: (event) => {
    if (event.kind === "step" && event.state !== "started")
      console.log(`${event.name}: ${event.state}, ${event.seconds} s`);
    if (event.kind === "words" && event.severity === "warning") console.error(event.text);
  },
});

const { words, stops } = await act.preview();
console.log(words);
// two guards wait for the operator's word alone; anything else is mended first
const others = stops.filter((stop) => !/^(confirmation|attestation): /.test(stop));
if (others.length > 0) {
  console.error(`not done:\n${others.join("\n")}`);
  process.exit(1);
}

const terminal = createInterface({ input: process.stdin, output: process.stdout });
const answer = await terminal.question("Datacenter a has no power and stays off: type a@2 to give it up: ");
terminal.close();
if (answer !== "a@2") process.exit(1);

process.once("SIGINT", () => act.cancel());
try {
  const report = await act.up({ confirm: "a@2", attest: "powered-off@a@2" });
  console.log(`${report?.outcome}; the API took writes again after ${report?.rto.seconds} s`);
} catch (error) {
  if (!(error instanceof ActError)) throw error;
  console.error(error.message);
  console.error(error.refused ? "Nothing was changed." : "Run this again: it goes on where it was.");
  process.exitCode = 1;
}
