/** The clusters that runs begin with: each is built once by `pulumi up --stack primary`, and its disks are kept. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import { LabError, must } from "../lab/machine/run";
import type { CampaignInstaller, Choices } from "./draw/axes";
import { type CampaignPlace, programHash } from "./place";

const TOPOLOGIES = join(__dirname, "../topologies");
const FILES: Record<CampaignInstaller, Record<string, string>> = {
  rke: { "two-and-one": "seed.yaml", learner: "learner.yaml", five: "five.yaml", "learner-in-a": "seed.yaml" },
  kubeadm: { "two-and-one": "kubeadm.yaml", five: "kubeadm-five.yaml" },
};

/** Runs with the same name begin with the same disks. */
export const worldName = (choices: Choices): string =>
  [
    choices.installer,
    choices.topology,
    choices.etcd,
    ...(choices["raft snapshots"] === "rare" ? [] : ["raft10"]),
    ...(choices["return guard"] === "on" ? [] : ["unguarded"]),
    programHash(),
  ].join("-");

/** The world's topology, as YAML. */
export function topologyText(choices: Choices): string {
  const isKubeadm = choices.installer === "kubeadm";
  const files = FILES[isKubeadm ? "kubeadm" : "rke"];
  const file = files[choices.topology ?? ""];
  if (!file) throw new LabError(`topology: must be one of ${Object.keys(files).join(", ")}: "${choices.topology}"`);
  const document = parseDocument(readFileSync(join(TOPOLOGIES, file), "utf8"));
  if (choices["raft snapshots"] === "every 10 entries") {
    if (isKubeadm) document.setIn(["kubeadm", "etcd", "local", "extraArgs"], [{ name: "snapshot-count", value: "10" }]);
    else document.setIn(["etcd", "extraArgs", "snapshot-count"], "10");
  }
  if (choices.topology === "learner-in-a") {
    const hosts = document.getIn(["datacenters", 0, "hosts"]) as {
      items: { get(k: string): unknown; set(k: string, v: unknown): void }[];
    };
    hosts.items.find((host) => host.get("name") === "node1")?.set("etcd", "learner");
  }
  return document.toString({ lineWidth: 0 });
}

/** Builds the choices' cluster, if its disks aren't there yet. */
export async function makeWorld(place: CampaignPlace, choices: Choices): Promise<void> {
  const name = worldName(choices);
  const { lab, kept } = place.world(name);
  if (!existsSync(kept)) await buildWorld(place, Lab.open(lab), name, choices, kept);
}

/** The choices' lab, up with all hosts on, as it was when its cluster had just been built. */
export async function raiseWorld(place: CampaignPlace, choices: Choices): Promise<Lab> {
  const { lab: folder, kept } = place.world(worldName(choices));
  const lab = Lab.open(folder);
  await lab.raiseKept(kept);
  return lab;
}

async function buildWorld(place: CampaignPlace, lab: Lab, name: string, choices: Choices, kept: string): Promise<void> {
  say(`campaign: the cluster ${name} is built, once`);
  mkdirSync(join(place.dir, "kept"), { recursive: true });
  const topology = join(place.dir, `${name}.yaml`);
  writeFileSync(topology, topologyText(choices));
  try {
    await lab.up({ topology, ...(choices.installer === "kubeadm" ? {} : { etcd: choices.etcd ?? "" }) });
    const project = await lab.project();
    const pulumi = async (...args: string[]) => {
      const result = await lab.pulumi([...args, "--stack", "primary", "--non-interactive", "--color", "never"], {
        workspace: project,
        onLine: (line) => void (/^ *[+~-]+ +command.*\[/.test(line) && say(`  ${line.trim().slice(0, 120)}`)),
      });
      return result;
    };
    const must = async (...args: string[]) => {
      const result = await pulumi(...args);
      if (result.code !== 0)
        throw new LabError(
          `campaign: pulumi ${args.join(" ")}: ${(result.stdout + result.stderr).trim().slice(-2000)}`,
        );
    };
    if (choices["return guard"] === "off") await must("config", "set", "returnGuard", "off");
    // on a busy machine a kube-apiserver may need longer than RKE waits for it: a rerun goes on
    const built = await pulumi("up", "--yes", "--skip-preview");
    if (built.code !== 0) await must("up", "--yes", "--skip-preview");
    for (const { name: datacenter } of lab.state().topology.datacenters) await lab.powerOff(datacenter);
    await lab.keep(kept);
  } finally {
    await lab.down();
  }
}

/** Takes down labs that a killed campaign left up, and removes the kept disks of other versions of the program. */
export async function clearWorlds(place: CampaignPlace): Promise<void> {
  for (const name of place.worlds("labs")) {
    const lab = Lab.open(place.world(name).lab);
    if ((await lab.status()).phase === "down") continue;
    say(`campaign: a campaign left the lab ${name} up: it is taken down`);
    await lab.down();
  }
  for (const name of place.worlds("kept").filter((kept) => !kept.includes(programHash()))) {
    await must(["rm", "-rf", "--one-file-system", place.world(name).kept]);
    rmSync(join(place.dir, `${name}.yaml`), { force: true });
  }
}
