import { spawn } from "node:child_process";
import { join } from "node:path";
import { onRequest } from "./on-request";

const root = join(__dirname, "../..");
/** Of runs; the first cluster is built before, if its disks aren't kept. */
const minutes = Number(process.env.RKE_DR_CAMPAIGN_MINUTES ?? 5);

onRequest("campaign", "disasters with fresh seeds", function () {
  this.timeout((minutes + 30) * 60_000);

  it(`leave no fault behind, ${minutes} minutes of them`, (done) => {
    const args = ["--import", "tsx", "campaign/cli.ts", "--minutes", String(minutes)];
    // which choices failed, and how, stands in what it prints
    spawn(process.execPath, args, { cwd: root, stdio: "inherit" }).once("close", (code) =>
      done(code === 0 ? undefined : new Error(`npm run campaign: exit code ${code}: a run had a fault, named above`)),
    );
  });
});
