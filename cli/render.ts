/**
 * `npm run render`: writes into rendered/ the processes that both stacks would run, from the topology in Pulumi.yaml.
 * `-- --check` writes nothing and exits 1, with a diff, if rendered/ is stale, or if the policy refuses the topology.
 * `-- --stack primary|failover [--lost DC] --json` prints one stack's rendering instead.
 * Everywhere `--topology PATH` names another topology, and `--out DIR` another folder.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { warnings } from "../plan/declaration/declaration";
import { mermaid } from "../plan/review/diagram";
import { pages } from "../plan/review/pages";
import { kubeadmPages } from "../plan/review/pages-kubeadm";
import { unitPages } from "../plan/review/pages-unit";
import { policyWords } from "../plan/review/policy";
import { type Act, onlyOther, render } from "../plan/review/rendering";
import { renderKubeadm } from "../plan/review/rendering-kubeadm";
import { renderUnit } from "../plan/review/rendering-unit";
import { findDatacenter, type Topology } from "../plan/topology/topology";
import { type Outcome, outcome, print } from "./command";
import { staleness, writeFolder } from "./rendered-folder";
import { readTopologyFile } from "./topology-file";
import { orUsage } from "./usage";

const root = join(__dirname, "..");

const usage = `usage: npm run render -- [OPTIONS]

Writes rendered/, what both stacks would run, from the topology in Pulumi.yaml.

  --check                          writes nothing; exits 1, with a diff, where rendered/ is stale or the policy refuses the topology
  --stack primary|failover --json  prints one stack's rendering instead
  --picture                        prints the topology in peace as a Mermaid diagram instead, as pull requests show it
  --lost DATACENTER                with --stack failover: what is lost, where there are several besides the standby
  --topology PATH                  another topology than Pulumi.yaml's
  --out DIR                        another folder than rendered/
`;

/** Exit status: 0, or 1 if `--check` finds rendered/ stale or the topology against the policy, or 2 if the command or the topology is wrong. */
export const renderCommand = (argv: string[]): Outcome => orUsage(argv, usage, () => outcome(2, () => body(argv)));

function body(argv: string[]): Partial<Outcome> {
  const { values } = parseArgs({
    args: argv,
    options: {
      topology: { type: "string", default: join(root, "Pulumi.yaml") },
      out: { type: "string", default: join(root, "rendered") },
      check: { type: "boolean", default: false },
      stack: { type: "string" },
      lost: { type: "string" },
      json: { type: "boolean", default: false },
      picture: { type: "boolean", default: false },
    },
  });
  const { stack, lost, json, check, picture } = values;
  if (picture && (stack !== undefined || lost !== undefined || json || check)) {
    throw new Error("--picture goes with --topology alone");
  }
  if (json !== (stack !== undefined) || (lost !== undefined && stack !== "failover") || (check && json)) {
    throw new Error("--json and --stack go together, --lost goes with --stack failover, and --check with neither");
  }
  const topology = readTopologyFile(values.topology);
  if (stack !== undefined) {
    const notes = warnings(topology).map((words) => `note: ${words}\n`);
    const json = JSON.stringify(renderingOf(topology, readAct(topology, stack, lost)), null, 2);
    return { stdout: `${json}\n`, stderr: notes.join("") };
  }
  if (picture) {
    return { stdout: `${mermaid(topology)}\n` };
  }
  if (check) {
    return checked(values.out, topology);
  }
  const did = writeFolder(values.out, pagesOf(topology));
  const lines = [
    ...(did.length === 0 ? [`${values.out} was up to date`] : did),
    ...warnings(topology).map((words) => `note: ${words}`),
  ];
  return { stdout: `${lines.join("\n")}\n` };
}

function renderingOf(topology: Topology, act: Act) {
  switch (topology.installer) {
    case "rke":
      return render(topology, act);
    case "kubeadm":
      return renderKubeadm(topology, act);
    case "kubespray":
    case "kubekey":
    case "unit":
      return renderUnit(topology, act);
    default:
      return topology.installer satisfies never;
  }
}

function pagesOf(topology: Topology): Record<string, string> {
  switch (topology.installer) {
    case "rke":
      return pages(topology);
    case "kubeadm":
      return kubeadmPages(topology);
    case "kubespray":
    case "kubekey":
    case "unit":
      return unitPages(topology);
    default:
      return topology.installer satisfies never;
  }
}

function checked(folder: string, topology: Topology): Partial<Outcome> {
  const difference = staleness(folder, pagesOf(topology));
  const { refused, lines } = policyWords(topology);
  const state = difference === "" ? `${folder} is what the topology renders` : `${difference}\n${staleWords(folder)}`;
  return {
    status: difference !== "" || refused ? 1 : 0,
    stdout: [state, ...lines.map((line) => `policy: ${line}`), ""].join("\n"),
  };
}

const staleWords = (folder: string): string =>
  `${folder} is stale: \`npm run render\` makes the changes above; review and commit them with the topology`;

function readAct(topology: Topology, stack: string, lost: string | undefined): Act {
  if (stack === "primary") {
    return { stack };
  }
  if (stack !== "failover") {
    throw new Error(`--stack: is neither primary nor failover: ${JSON.stringify(stack)}`);
  }
  const name = lost ?? onlyOther(topology);
  const known = topology.datacenters.map((dc) => dc.name).join(", ");
  if (name === undefined) {
    throw new Error(`--lost: must name one of the datacenters, there are several besides the standby: ${known}`);
  }
  if (!findDatacenter(topology, name)) {
    throw new Error(`--lost: is not one of the datacenters (${known}): ${JSON.stringify(name)}`);
  }
  return { stack, lost: name };
}

if (require.main === module) {
  print(renderCommand(process.argv.slice(2)));
}
