import { spawn } from "node:child_process";
import { join } from "node:path";
import { onRequest } from "./on-request";

const root = join(__dirname, "../..");
/** Of runs; the first cluster is built before, if its disks aren't kept. */
const minutes = Number(process.env.RKE_DR_CAMPAIGN_MINUTES ?? 5);

/** Runs that have found a fault of the program, by the fewest choices with which they do. */
const found: { installer?: string; choices: string; fault: string }[] = [
  {
    choices: "return: all at once",
    fault: "a second up did steps again where SSH between busy hosts had run out of time",
  },
  {
    choices: "checkout: lacks a worker; return: all at once",
    fault: "the failback was refused without a way on, for a host that the failover's checkout had lacked",
  },
  {
    installer: "kubeadm",
    choices: "during the act: the survivor's etcd killed; moment of the act: first-write",
    fault: "a step that met an etcd which was just starting again failed at once, without a way on",
  },
  {
    installer: "kubeadm",
    choices: "during the act: operator killed, the survivor's power cut; moment of the act: etcd-set-aside",
    fault: "a kubelet that waited for the return guard after a boot was called dead, and would have stayed so",
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
  for (const { installer = "rke", choices, fault } of found) {
    const args = ["--installer", installer, "--seed", "1", "--choose", choices];
    it(`${installer}: ${choices}: ${fault}`, () => campaign(args));
  }
});
