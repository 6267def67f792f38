/**
 * `npm run policy [-- --topology PATH]`: refuses a topology that loses more than it declares (`targets`), unless the finding
 * is accepted there with a reason. `npm run render -- --check` says the same.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { policyWords } from "../plan/review/policy";
import { type Outcome, outcome, print } from "./command";
import { readTopologyFile } from "./topology-file";
import { orUsage } from "./usage";

const usage = `usage: npm run policy [-- --topology PATH]

Refuses a topology that loses more than it declares (targets), unless the finding is accepted there with a reason.
`;

/** Exit status: 0, or 1 if the policy refuses, or 2 if the command or the topology is wrong. */
export const policyCommand = (argv: string[]): Outcome =>
  orUsage(argv, usage, () =>
    outcome(2, () => {
      const { values } = parseArgs({
        args: argv,
        options: { topology: { type: "string", default: join(__dirname, "..", "Pulumi.yaml") } },
      });
      const { refused, lines } = policyWords(readTopologyFile(values.topology));
      return { status: refused ? 1 : 0, stdout: `${lines.join("\n")}\n` };
    }),
  );

if (require.main === module) {
  print(policyCommand(process.argv.slice(2)));
}
