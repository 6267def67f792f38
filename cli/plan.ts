/**
 * `npm run plan -- --lost a --epoch 2`: the text of the failover that would run, and its hash. `--write` keeps the text in signed/, for
 * review and for the day on which `up` is held to it (docs/signed.md).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { observe } from "../observe/observe";
import { actDifferences, actHash } from "../plan/acts/failover/act-text";
import { planFailover } from "../plan/acts/failover/failover";
import type { FailoverPlan, FailoverSettings } from "../plan/acts/failover/plan";
import { actSettings } from "../plan/acts/failover/settings";
import { isHash } from "../plan/acts/failover/signing";
import { actProblems } from "../plan/declaration/installers";
import { sourceSearch } from "../plan/etcd/source-search";
import type { Observation } from "../plan/facts/observation";
import { refusals } from "../plan/review/analysis";
import { lostHosts, survivors } from "../plan/topology/order";
import type { Topology } from "../plan/topology/topology";
import { readSshAccess } from "../reach/ssh-access";
import { keptText, signedFolder, textOf } from "../signed";
import { errorWords, type Outcome, print } from "./command";
import { chosenStack, chosenTopology, stackConfig, topologyOptions } from "./topology-file";
import { asksForHelp } from "./usage";

const usage = `usage: npm run -s plan -- [--lost DATACENTER] [--epoch N] [OPTIONS]
Prints what \`pulumi up --stack failover\` would run on which host, and the hash of it, by which \`confirm\` pins the act. It looks at the
survivors by SSH, and changes nothing.
  --lost, --epoch            what Pulumi.failover.yaml doesn't say, or otherwise; recover and endpoint are taken from there
  --write                    keeps the text in signed/CLUSTER/LOST@EPOCH.txt
  --against HASH|FILE        prints the lines in which the act differs from that text; exits 1 if there are some
  --unseen                   by the topology alone: no host is asked. Such a text has another hash than the act's
  --project FOLDER           another folder with Pulumi.yaml, Pulumi.failover.yaml and signed/
  --cluster NAME             of several clusters that of stack NAME-failover
  --topology PATH            another topology than the failover stack's
`;

interface Options {
  lost?: string | undefined;
  epoch?: string | undefined;
  project: string;
  cluster?: string | undefined;
  topology?: string | undefined;
  against?: string | undefined;
  write: boolean;
  unseen: boolean;
}

/** Exit status: 0, or 1 if `--against` finds differences, or 2 if there is nothing to sign or the command is wrong. */
export async function planCommand(argv: string[]): Promise<Outcome> {
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
      lost: { type: "string" },
      epoch: { type: "string" },
      ...topologyOptions,
      against: { type: "string" },
      write: { type: "boolean", default: false },
      unseen: { type: "boolean", default: false },
    },
  });
  const options: Options = values;
  if (options.write && (options.unseen || options.against !== undefined)) {
    throw new Error("--write: goes with neither --unseen nor --against");
  }
  const topology = chosenTopology(options, "failover");
  const problems = actProblems(topology);
  if (problems.length > 0) {
    throw new Error(problems.join("\n"));
  }
  const settings = settingsOf(options, topology);
  const seen = options.unseen ? { hosts: {}, answers: [], at: 0 } : await look(topology, settings);
  const plan = planFailover(topology, settings, seen);
  const nothing = nothingToSign(topology, plan);
  if (nothing !== undefined) {
    throw new Error(`nothing to sign: ${nothing}`);
  }
  const silent = Object.values(seen.hosts).flatMap((h) => (h.reachable ? [] : [`${h.host}: ${h.reason}`]));
  if (options.write && silent.length > 0) {
    throw new Error(
      `nothing was written: all survivors must answer SSH, or what would run there isn't known:\n  ${silent.join("\n  ")}`,
    );
  }
  const notes = silent.map((words) => `note: ${words}\n`).join("");
  const text = textOf(topology, plan);
  return { stderr: notes, ...written(options, topology, settings, text) };
}

function written(options: Options, topology: Topology, settings: FailoverSettings, text: string): Partial<Outcome> {
  const { against, write, unseen } = options;
  const hash = actHash(text);
  const folder = signedFolder(projectOf(options));
  const confirm = `To pin it: \`pulumi config set confirm ${settings.lost}@${settings.epoch}:${hash} --stack ${chosenStack(options, "failover")}\``;
  if (against !== undefined) {
    const lines = actDifferences(signedText(against, folder), text);
    return lines.length === 0
      ? { stdout: `the act is the same: ${hash}\n` }
      : { status: 1, stdout: `${[...lines, `the act is another: ${hash}`].join("\n")}\n` };
  }
  if (!write) {
    return { stdout: `${text}\n${unseen ? `Hash, of the topology alone: ${hash}` : `Hash: ${hash}\n${confirm}`}\n` };
  }
  const path = join(folder, topology.cluster, `${settings.lost}@${settings.epoch}.txt`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return { stdout: `wrote ${relative(projectOf(options), path)}: read it, and commit it\nHash: ${hash}\n${confirm}\n` };
}

/** The folder of the Pulumi project that the topology belongs to. */
const projectOf = ({ project, topology }: Options): string => (topology === undefined ? project : dirname(topology));

function signedText(against: string, folder: string): string {
  if (isHash(against)) {
    const text = keptText(against, folder);
    if (text === undefined) throw new Error(`--against: no file of signed/ has that hash: ${against}`);
    return text;
  }
  try {
    return readFileSync(against, "utf8");
  } catch (error) {
    throw new Error(
      `--against: is neither a hash of 32 digits nor a file that can be read (${(error as NodeJS.ErrnoException).code}): ${against}`,
    );
  }
}

/** The settings of the failover stack, as far as they decide what runs; the command's own come first. */
function settingsOf(options: Options, topology: Topology): FailoverSettings {
  const config = stackConfig(projectOf(options), chosenStack(options, "failover"));
  const keys = {
    lost: options.lost ?? config["rke-dr:lost"],
    epoch: options.epoch ?? config["rke-dr:epoch"],
    recover: config["rke-dr:recover"],
    endpoint: config["rke-dr:endpoint"],
  };
  const item = (key: string) => (key === "lost" || key === "epoch" ? `--${key}` : `rke-dr:${key}`);
  return { ...actSettings(keys, topology, item), confirm: undefined, attest: undefined };
}

const look = (topology: Topology, settings: FailoverSettings): Promise<Observation> =>
  observe(
    survivors(topology, settings.lost),
    lostHosts(topology, settings.lost),
    readSshAccess(topology),
    settings.epoch,
    topology.installer,
    sourceSearch(topology, settings),
  ).whole;

/** Why no act can be signed; undefined if one can. */
function nothingToSign(topology: Topology, plan: FailoverPlan): string | undefined {
  const { lost, epoch } = plan.settings;
  const [refused] = refusals(topology, lost);
  if (refused !== undefined) return refused;
  if (plan.stage === "over") return `the failover of epoch ${epoch} is over`;
  if (plan.steps.length > 0) return undefined;
  const why = plan.sources.map((s) => `${s.name}: ${s.problems.join("; ") || "rke-dr:recover names another"}`);
  return `there is no source to recover from (${why.join("; ") || "none was found"})`;
}

if (require.main === module) {
  planCommand(process.argv.slice(2)).then(print);
}
