/**
 * `npm run ready [-- --json]`: asks each deploy host how ready its side is for a failover, as its own loop does each 30 s (docs/ready.md).
 * Exit status: 0 if the standby is ready, 1 if not, 2 if the command or the topology is wrong, or no deploy host answers.
 */
import { parseArgs } from "node:util";
import { onHostScript } from "../on-host";
import { type FenceResult, fenceLimit } from "../plan/acts/failover/fence";
import { asked, readyConfig } from "../plan/acts/primary/snapshot-schedule";
import { dialectOf } from "../plan/installers/dialect";
import { failoverWords, parseSamples, type Readiness, readiness } from "../plan/review/ready";
import { deployHosts, type Host, sshLogin, sshUsers, type Topology } from "../plan/topology/topology";
import { durationSeconds } from "../plan/values/duration";
import { bashLine, remoteBash } from "../reach/command-line";
import { runFences } from "../reach/fence";
import { runOverSsh } from "../reach/ssh";
import { readSshAccess, type SshAccess } from "../reach/ssh-access";
import { errorWords, type Outcome, print } from "./command";
import { chosenTopology, topologyOptions } from "./topology-file";
import { asksForHelp } from "./usage";

/** Seconds for a deploy host's answer: it asks the other hosts meanwhile. */
const limit = 90;

const usage = `usage: npm run -s ready -- [--json] [--fence-test] [--project FOLDER] [--cluster NAME | --topology PATH]
Says for each deploy host's side whether a failover to it is ready, what it would lose at most, and how long it would take. Changes nothing.
  --json           everything that was read and judged
  --fence-test     runs the topology's fenceTest commands, too, on this machine
  --project FOLDER another folder with Pulumi.yaml and Pulumi.primary.yaml
  --cluster NAME   of several clusters that of stack NAME-primary
  --topology PATH  another topology than the primary stack's
Exits 0 if the standby is ready, 1 if not, 2 if that can't be said.
`;

type Answer = ({ side: string; host: string } & Readiness) | { side: string; host: string; silent: string };

/** Exit status as the head of this file says. */
export async function readyCommand(argv: string[]): Promise<Outcome> {
  try {
    return { status: 0, stdout: "", stderr: "", ...(asksForHelp(argv) ? { stdout: usage } : await body(argv)) };
  } catch (error) {
    return { status: 2, stdout: "", stderr: `${errorWords(error)}\n` };
  }
}

async function body(argv: string[]): Promise<Partial<Outcome>> {
  const { values } = parseArgs({
    args: argv,
    options: {
      json: { type: "boolean", default: false },
      "fence-test": { type: "boolean", default: false },
      ...topologyOptions,
    },
  });
  const topology = chosenTopology(values, "primary");
  const tests = Object.entries(topology.fenceTest).map(([host, command]) => ({ host, command }));
  if (values["fence-test"] && tests.length === 0) {
    throw new Error(
      "--fence-test: topology.fenceTest has no command: give it one by host, such as `ipmitool ... power status`",
    );
  }
  const access = readSshAccess(topology);
  process.stderr.write(
    `asking ${deployHosts(topology)
      .map((h) => h.name)
      .join(", ")}, about 10 s\n`,
  );
  const answers = await Promise.all(deployHosts(topology).map((host) => ask(topology, host, access)));
  const fences = values["fence-test"]
    ? await runFences(tests, fenceLimit, (words) => void process.stderr.write(`${words}\n`))
    : [];
  const standby = answers.find((a) => a.side === topology.standby);
  const failed = fences.filter((f) => f.exit !== 0);
  const known = standby !== undefined && "ready" in standby;
  const ready = known && standby.ready && failed.length === 0;
  const stdout = values.json
    ? `${JSON.stringify({ ready, standby: topology.standby, sides: answers, fenceTests: fences }, null, 2)}\n`
    : `${[...answers.flatMap((a) => describe(a, topology.standby)), ...fences.map(describeFence)].join("\n")}\n`;
  return { status: ready ? 0 : known ? 1 : 2, stdout };
}

async function ask(topology: Topology, host: Host, access: SshAccess): Promise<Answer> {
  const of = { side: host.datacenter, host: host.name };
  try {
    const { command, input } = sentToReady(topology, host, access);
    const said = await runOverSsh(host, access, command, input, {
      limits: { ready: 8000, total: (limit + 10) * 1000 },
    });
    return { ...of, ...readiness(parseSamples(said), Date.now() / 1000) };
  } catch (error) {
    return { ...of, silent: error instanceof Error ? error.message : String(error) };
  }
}

/** The command line on a deploy host, and what it reads: ready.sh lies there with its files for as long as it runs. */
export function sentToReady(topology: Topology, host: Host, access: Pick<SshAccess, "user" | "port">) {
  const { snapshots } = topology.etcd;
  const bounds = { seconds: 60, killAfter: 10 };
  const config = [
    `cluster=${topology.cluster}`,
    `every=${snapshots === undefined ? 0 : durationSeconds(snapshots.every)}`,
    ...readyConfig(topology, host),
    ...sshUsers(topology, asked(topology)).map((user) => `line=${user}=${bashLine(user, bounds)}`),
  ].join("\n");
  const files = {
    config,
    "ready-host.sh": onHostScript("resident/snapshots/ready-host", dialectOf(topology, host)),
    "ready.sh": onHostScript("resident/snapshots/ready", dialectOf(topology, host)),
  };
  const end = "@@ end of file";
  const written = Object.entries(files).map(
    ([name, text]) => `cat >"$folder/${name}" <<'${end}'\n${text.trimEnd()}\n${end}`,
  );
  const input = [
    "set -eu",
    "umask 077",
    "folder=$(mktemp -d)",
    "trap 'rm -rf \"$folder\"' EXIT",
    ...written,
    'bash "$folder/ready.sh" </dev/null',
    "",
  ].join("\n");
  return { command: remoteBash(sshLogin(access, host).user, [], { seconds: limit, killAfter: 5 }), input };
}

function describe(answer: Answer, standby: string): string[] {
  const role = answer.side === standby ? "standby" : "not the standby";
  const head = `${answer.side} (${role}), by ${answer.host}:`;
  if ("silent" in answer) {
    return [`${head} NOT KNOWN: ${answer.silent}`];
  }
  return [
    `${head} ${answer.ready ? "ready" : "NOT READY"}; ${failoverWords(answer)}`,
    ...answer.problems.map((words) => `  ${words}`),
  ];
}

const describeFence = ({ host, command, exit, seconds }: FenceResult): string =>
  exit === 0
    ? `fence test of ${host}: ok after ${seconds.toFixed(1)} s`
    : `fence test of ${host}: FAILED: \`${command}\` ended with ${exit} after ${seconds.toFixed(1)} s`;

if (require.main === module) {
  readyCommand(process.argv.slice(2)).then(print);
}
