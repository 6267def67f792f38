import { spawn } from "node:child_process";
import { join } from "node:path";
import { onRequest } from "./on-request";

const root = join(__dirname, "../..");
/** Of runs; the first cluster is built before, if its disks aren't kept. */
const minutes = Number(process.env.RKE_DR_CAMPAIGN_MINUTES ?? 5);

/** Runs that have found a fault of the program, by the fewest choices with which they do. */
const found = [
  {
    choices: "return: all at once",
    fault: "a second up did steps again where SSH between busy hosts had run out of time",
  },
  {
    choices: "checkout: lacks a worker; return: all at once",
    fault: "the failback was refused without a way on, for a host that the failover's checkout had lacked",
  },
];

/** Which choices failed, and how, stands in what the campaign prints. */
function campaign(args: string[]): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", "campaign/cli.ts", ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`npm run campaign: exit code ${code}: a run had a fault, named above`)),
    );
  });
}

onRequest("campaign", "disasters with fresh seeds", function () {
  this.timeout((minutes + 30) * 60_000);
  it(`leave no fault behind, ${minutes} minutes of them`, () => campaign(["--minutes", String(minutes)]));
});

onRequest("campaign-found", "disasters that have found a fault", function () {
  this.timeout(30 * 60_000);
  for (const { choices, fault } of found) {
    it(`${choices}: ${fault}`, () => campaign(["--seed", "1", "--choose", choices]));
  }
});
