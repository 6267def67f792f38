/**
 * Many hosts on one machine: one network namespace, in which one SSH server answers at every survivor's address with that
 * host's facts, and nothing answers at a lost one's. The program can't tell: it connects, authenticates and reads as everywhere.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { LabError, must, until } from "../lab/machine/run";
import type { Topology } from "../plan/topology/topology";
import { alternativeNames, factsText, fleet, fleetTopology, networks, survivorsOf } from "./fleet-topology";

const CHECKOUT = join(__dirname, "..");
const here = networks.b.split(".").slice(0, 2).join(".");

export interface Fleet {
  /** Folder of the Pulumi project. */
  project: string;
  backend: string;
  /** The start of a command in the fleet's network. */
  within: string[];
  end(): void;
}

/** @param folder new, for all that it needs */
export async function raiseFleet(folder: string, hosts: number): Promise<Fleet> {
  const host = await raiseHosts(folder, [fleetTopology(hosts)]);
  return { ...makeProject(folder, hosts), ...host };
}

/** The survivors of clusters without their projects. @param folder new, for all that they need; @param ready true if acts may begin on them */
export async function raiseHosts(
  folder: string,
  topologies: Topology[],
  ready = false,
): Promise<Pick<Fleet, "within" | "end">> {
  const facts = join(folder, "facts");
  mkdirSync(facts, { recursive: true, mode: 0o700 });
  for (const topology of topologies) {
    const certificate = ready ? await certificateFor(topology) : undefined;
    // hosts in the other network answer nothing, also those of a cluster that has no datacenter a
    for (const host of survivorsOf(topology).filter(({ address }) => address.startsWith(here))) {
      writeFileSync(join(facts, host.address), factsText(topology, host, Date.now(), certificate));
    }
  }
  for (const key of ["operator", "host"]) {
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
  }
  const server = [process.execPath, "--import", "tsx", join(__dirname, "fleet-server.ts"), folder];
  const hostsOfFleet = spawn("unshare", ["-m", "-n", "bash", "-ec", NETWORK, "bash", ...server], {
    cwd: CHECKOUT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const within = ["nsenter", "-t", String(hostsOfFleet.pid), "-n", "--"];
  // the server begins to answer at its addresses in their order
  const last = readdirSync(facts).at(-1);
  await until("fleet: an answer of its SSH server", 20, () => answers(hostsOfFleet, within, `${last}`));
  return { within, end: () => void hostsOfFleet.kill() };
}

/** @returns a certificate of ten years, signed by itself, in PEM */
async function certificateFor(topology: Topology): Promise<string> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null"];
  const names = [
    "-addext",
    `subjectAltName=${alternativeNames(topology)}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  ];
  return (await must(["openssl", "req", "-x509", ...key, "-subj", "/CN=fleet", "-days", "3650", ...names])).stdout;
}

async function answers(server: ChildProcess, within: string[], address: string): Promise<boolean> {
  if (server.exitCode !== null) throw new LabError(`fleet: its SSH server ended with ${server.exitCode}`);
  const greeting = `exec 3<>/dev/tcp/${address}/22 && read -r line <&3 && [[ $line == SSH-* ]]`;
  return must([...within, "bash", "-c", greeting]).then(
    () => true,
    () => false,
  );
}

/** The checkout's program with the fleet's topology, and the meter in its process. */
function makeProject(folder: string, hosts: number): { project: string; backend: string } {
  const project = join(folder, "project");
  const backend = join(folder, "backend");
  for (const dir of [project, backend]) mkdirSync(dir, { recursive: true });
  for (const name of ["start.js", "package.json", "node_modules"]) {
    symlinkSync(join(CHECKOUT, name), join(project, name));
  }
  const topology = fleet(hosts, join(folder, "operator"));
  const nodeargs = `--require ${join(__dirname, "meter.cjs")}`;
  const pulumi = {
    name: "rke-dr",
    runtime: { name: "nodejs", options: { typescript: false, nodeargs } },
    main: "start.js",
    config: { topology: { value: topology } },
  };
  write(project, "Pulumi.yaml", 0o600, stringify(pulumi, { aliasDuplicateObjects: false }));
  const config = { "rke-dr:role": "failover", "rke-dr:lost": "a", "rke-dr:epoch": "2" };
  write(project, "Pulumi.failover.yaml", 0o600, stringify({ config }));
  return { project, backend };
}

const write = (folder: string, name: string, mode: number, text: string): void =>
  writeFileSync(join(folder, name), text, { mode });

/** Survivors' addresses are this namespace's own; what goes to a lost one vanishes, as behind a dead router. */
const NETWORK = `
mount --make-rprivate /
ip link set lo up
ip route add local ${networks.b} dev lo
ip link add silent type veth peer name nobody
ip link set silent arp off
ip link set nobody arp off
ip link set silent up
ip link set nobody up
ip address add 10.82.0.1/32 dev silent
ip route add ${networks.a} dev silent
exec "$@"
`;
