/**
 * `npm run import -- cluster.yml --datacenter a=HOST,... --datacenter b=HOST,... [--standby b] [-o FILE | --into Pulumi.yaml]`:
 * the topology of an existing RKE cluster, printed, written to a file, or put in the place of a Pulumi project's own.
 * `npm run import -- --installer kubeadm FILE... --datacenter ...`: that of a kubeadm cluster, from kubeadm's own files, its
 * ConfigMap kubeadm-config and its Nodes.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isNode, parseDocument } from "yaml";
import { type ImportSettings, importTopology } from "../plan/import/import";
import { importKubeadm } from "../plan/import/kubeadm";
import { type Outcome, outcome, tell } from "./command";

const rest = "--datacenter a=HOST,... --datacenter b=HOST,... [--standby b] [-o FILE | --into Pulumi.yaml]";
const usage = [
  `usage: npm run import -- cluster.yml ${rest}`,
  `       npm run import -- --installer kubeadm FILE... ${rest}`,
  "FILE: kubeadm's own configuration of each control plane host, `kubectl -n kube-system get cm kubeadm-config -o yaml`, `kubectl get nodes -o yaml`",
].join("\n");

/** Exit status: 0, or 1 where something is wrong or can't be carried over; then nothing is printed or written. */
export const importCommand = (argv: string[]): Outcome => outcome(1, () => body(argv));

function body(argv: string[]): Partial<Outcome> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      installer: { type: "string", default: "rke" },
      datacenter: { type: "string", multiple: true, default: [] },
      standby: { type: "string" },
      output: { type: "string", short: "o" },
      into: { type: "string" },
    },
  });
  if (positionals.length === 0 || values.datacenter.length === 0 || (values.output && values.into)) {
    throw new Error(usage);
  }
  const settings = { datacenters: readDatacenters(values.datacenter), standby: values.standby };
  const text = imported(values.installer, positionals, settings);
  if (values.into !== undefined) {
    putInto(values.into, text);
    return { stderr: `wrote the topology into ${values.into}; its first lines say what deserves a look\n` };
  }
  if (values.output === undefined) {
    return { stdout: text };
  }
  write(values.output, text);
  return { stderr: `wrote ${values.output}\n` };
}

function imported(installer: string, paths: string[], settings: ImportSettings): string {
  const [path = "", ...more] = paths;
  switch (installer) {
    case "rke":
      if (more.length > 0) {
        throw new Error(usage);
      }
      return importTopology(read(path), settings);
    case "kubeadm":
      return importKubeadm(
        paths.map((p) => ({ path: p, text: read(p) })),
        settings,
      );
    default:
      throw new Error(`--installer: is neither rke nor kubeadm: ${JSON.stringify(installer)}`);
  }
}

function readDatacenters(options: string[]): Record<string, string[]> {
  const datacenters = new Map<string, string[]>();
  for (const option of options) {
    const [, name, hosts] = /^([^=]+)=(.+)$/.exec(option) ?? [];
    if (name === undefined || hosts === undefined) {
      throw new Error(`--datacenter: is not NAME=HOST,HOST: ${JSON.stringify(option)}`);
    }
    const listed = hosts.split(",").map((h) => h.trim());
    datacenters.set(name, [...(datacenters.get(name) ?? []), ...listed.filter((h) => h !== "")]);
  }
  return Object.fromEntries(datacenters);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A topology is not a whole Pulumi.yaml: that file stays. */
function write(path: string, text: string): void {
  if (existsSync(path) && /^runtime:/m.test(readFileSync(path, "utf8"))) {
    throw new Error(`${path}: is a Pulumi project; write elsewhere and paste it under topology: value:`);
  }
  writeFileSync(path, text);
}

/** Replaces the topology of a Pulumi project; the rest of the file stays as it is. */
function putInto(path: string, text: string): void {
  const project = parseDocument(read(path));
  if (!project.hasIn(["config", "topology", "value"])) {
    throw new Error(`${path}: has no config.topology.value to put the topology into`);
  }
  project.setIn(["config", "topology", "value"], parseDocument(text).contents);
  const topology = project.getIn(["config", "topology", "value"], true);
  if (isNode(topology)) {
    topology.commentBefore = parseDocument(text).commentBefore ?? null;
  }
  writeFileSync(path, project.toString({ lineWidth: 0 }));
}

if (require.main === module) {
  tell(importCommand(process.argv.slice(2)));
}
