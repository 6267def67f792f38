/**
 * `npm run rehearse`: tries out on the living cluster that the standby can bring its data and its API back, and how long that
 * takes, without touching the cluster. The report goes to standard output and onto the standby's deploy host.
 * Exit status: 0 if it was verified, 1 if not, 2 if there can be no rehearsal or it was broken off.
 */

import { parseArgs } from "node:util";
import { observe } from "../observe/observe";
import { stepScript } from "../on-host";
import { planRehearsal, type Rehearsal, type RehearsalFrom, rehearsalProblems } from "../plan/acts/rehearsal/rehearsal";
import {
  type RehearsalReport,
  type RehearsalResult,
  rehearsalMarkdown,
  reportRehearsal,
} from "../plan/acts/rehearsal/report";
import { actProblems } from "../plan/declaration/installers";
import { factsOf } from "../plan/facts/observation";
import { sites, sshLogin, type Topology } from "../plan/topology/topology";
import { remoteBash, remoteShell } from "../reach/command-line";
import { runOverSsh } from "../reach/ssh";
import { readSshAccess, type SshAccess } from "../reach/ssh-access";
import { errorWords } from "./command";
import { chosenTopology, topologyOptions } from "./topology-file";

/** Seconds that all of it may take on the host. */
const limit = 3600;

const usage = `npm run rehearse [-- OPTIONS]

Restores a snapshot of the living cluster beside it on the standby, starts a scratch etcd and a scratch kube-apiserver on it,
counts and measures, and removes everything. Ctrl-C breaks off; then, too, everything is removed.

  --project FOLDER              another folder with Pulumi.yaml and Pulumi.primary.yaml
  --cluster NAME                of several clusters that of stack NAME-primary
  --topology PATH               default: the stack primary's, else Pulumi.yaml's
  --from auto|live|scheduled    a live snapshot of the standby's etcd member, or the newest scheduled one (auto: live where it can)
  --json                        print the report as JSON instead of Markdown
`;

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      ...topologyOptions,
      from: { type: "string", default: "auto" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const topology = chosenTopology(values, "primary");
  const [refusal] = [...actProblems(topology), ...rehearsalProblems(topology)];
  if (refusal !== undefined) {
    throw new Error(`there can be no rehearsal; nothing was changed\n  ${refusal}`);
  }
  const access = readSshAccess(topology);
  const standby = sites(topology).find((dc) => dc.name === topology.standby)?.hosts ?? [];
  const seen = await observe(standby, [], access, 0, topology.installer).whole;
  const plan = planRehearsal(topology, readFrom(values.from), seen);
  if ("problems" in plan) {
    throw new Error(
      ["there can be no rehearsal; nothing was changed", ...plan.problems.map((p) => `  ${p}`)].join("\n"),
    );
  }
  const startedAt = Date.now();
  const epoch = factsOf(seen, plan.rehearsal.host)?.epoch ?? 0;
  const result = await rehearse(topology, plan.rehearsal, access, epoch, startedAt);
  const report = reportRehearsal(topology.cluster, plan.rehearsal, startedAt, result);
  const kept = await keep(plan.rehearsal, access, report);
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : rehearsalMarkdown(report));
  process.stderr.write(`the report is kept on ${plan.rehearsal.host.name}: ${kept}.md and .json\n`);
  return report.verified ? 0 : 1;
}

function readFrom(text: string): RehearsalFrom {
  if (text !== "auto" && text !== "live" && text !== "scheduled") {
    throw new Error(`--from: is neither auto, live nor scheduled: ${JSON.stringify(text)}`);
  }
  return text;
}

async function rehearse(
  topology: Topology,
  rehearsal: Rehearsal,
  access: SshAccess,
  epoch: number,
  generation: number,
): Promise<RehearsalResult> {
  const { host } = rehearsal;
  const { command, input } = sentToRehearse(topology, rehearsal, epoch, generation);
  const broken = new AbortController();
  let said = false;
  const breakOff = () => {
    process.stderr.write(`breaking off: ${host.name} removes everything\n`);
    broken.abort();
  };
  process.once("SIGINT", breakOff).once("SIGTERM", breakOff);
  try {
    const limits = { ready: 8000, total: (limit + 60) * 1000 };
    const onStderr = (text: string) => {
      said = true;
      process.stderr.write(text);
    };
    return JSON.parse(
      await runOverSsh(host, access, command, input, { limits, ends: broken.signal, onStderr }),
    ) as RehearsalResult;
  } catch (error) {
    if (broken.signal.aborted) {
      throw new Error("broken off");
    }
    throw said ? new Error(`the rehearsal failed on ${host.name}: see above`) : error;
  } finally {
    process.off("SIGINT", breakOff).off("SIGTERM", breakOff);
  }
}

/** The command line of a rehearsal on its host, and what it reads from stdin. */
export function sentToRehearse(
  topology: Topology,
  rehearsal: Rehearsal,
  epoch: number,
  generation: number,
): { command: string; input: string } {
  const { source } = rehearsal;
  const from = source.kind === "live" ? "live" : source.snapshot.name;
  const words = [
    "rehearse",
    epoch,
    generation,
    "rehearsal",
    topology.cluster,
    rehearsal.etcdImage,
    rehearsal.endpoint,
    from,
    rehearsal.prefix,
  ];
  return {
    command: remoteBash(sshLogin(topology.ssh, rehearsal.host).user, words, {
      seconds: limit,
      killAfter: 30,
      yielding: true,
    }),
    input: `${stepScript("rehearse")}\nmain "$@"; exit\n${rehearsal.etcdBody}\n${rehearsal.apiServerBody}\n`,
  };
}

/** Puts the report onto the deploy host. @returns its path there without the ending */
async function keep(rehearsal: Rehearsal, access: SshAccess, report: RehearsalReport): Promise<string> {
  const path = `/var/lib/rke-dr/rehearsals/${report.startedAt.replace(/[-:]|\.\d+/g, "")}`;
  const put = (ending: string, text: string) =>
    runOverSsh(
      rehearsal.host,
      access,
      remoteShell(
        sshLogin(access, rehearsal.host).user,
        `umask 077; mkdir -p /var/lib/rke-dr/rehearsals && cat >${path}.${ending}`,
      ),
      text,
    );
  await put("json", `${JSON.stringify(report, null, 2)}\n`);
  await put("md", rehearsalMarkdown(report));
  return path;
}

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${errorWords(error)}\n`);
      process.exitCode = 2;
    },
  );
}
