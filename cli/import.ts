/**
 * `npm run import -- cluster.yml --datacenter a=HOST,... --datacenter b=HOST,... [--standby b] [-o FILE | --into Pulumi.yaml]`:
 * the topology of an existing RKE cluster, printed, written to a file, or put in the place of a Pulumi project's own.
 * `npm run import -- --installer kubeadm FILE... --datacenter ...`: that of a kubeadm cluster, from kubeadm's own files, its
 * ConfigMap kubeadm-config and its Nodes; with kubespray, kubekey or unit that of a cluster whose etcd is a unit of systemd.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, parse as parsePath, resolve } from "node:path";
import { parseArgs } from "node:util";
import { importEtcdUnit } from "../plan/import/etcd-unit/import";
import { type Imported, type ImportSettings, importCluster } from "../plan/import/import";
import { importKubeadm } from "../plan/import/kubeadm";
import { type RunningState, runningState } from "../plan/import/running-state";
import { analyse } from "../plan/review/analysis";
import { unrecoverable } from "../plan/topology/losses";
import type { Topology } from "../plan/topology/topology";
import { readAsEngine } from "../plan/values/yaml-engine";
import { type Outcome, outcome, print } from "./command";
import { withTopology } from "./pulumi-yaml";
import { orUsage } from "./usage";

const usage = `usage: npm run import -- cluster.yml --datacenter a=HOST,... --datacenter b=HOST,... [OPTIONS] [-o FILE | --into Pulumi.yaml]
       npm run import -- --installer kubeadm FILE... --datacenter a=HOST,... --datacenter b=HOST,... [OPTIONS]
       npm run import -- --installer kubespray|kubekey|unit FILE... --datacenter a=HOST,... --datacenter b=HOST,... [OPTIONS]

Prints the topology of an existing cluster; its first lines say what deserves a look. Of an RKE cluster, as RKE reads its cluster.yml.
FILE: kubeadm's own configuration of each control plane host, \`kubectl -n kube-system get cm kubeadm-config -o yaml\`,
\`kubectl get nodes -o yaml\`. For kubespray, KubeKey or an etcd alone: the inventory (hosts.yaml, inventory.ini, config-sample.yaml),
/etc/etcd.env of each member under any name, etcd.service, and the ConfigMap kubeadm-config.

  --datacenter NAME=HOST,...   the hosts that stand there, by hostname_override or address; once for each datacenter
  --standby NAME               the datacenter that takes over; else the one with a control plane host and the fewest voters
  --installer NAME             who made the cluster: rke (default), kubeadm, kubespray, kubekey; unit: etcd alone, as a unit of systemd
  --rke-version RELEASE        the release of RKE that runs, like v1.5.14; else v1.2.7, or the oldest that has the
                               kubernetes_version
  --state FILE                 cluster.rkestate, or \`kubectl -n kube-system get secret full-cluster-state -o json\` (or configmap): the
                               version and images that run, if cluster.yml doesn't say; else the .rkestate beside cluster.yml
  --secrets-into STACK         keeps cluster.yml's secrets in the stack's config, encrypted (rke-dr:clusterSecrets, by the pulumi
                               CLI); else they are left out
  -o, --output FILE            writes it there
  --into Pulumi.yaml           puts it into a Pulumi project, in place of config.topology.value
`;

/** Exit status: 0, or 1 where something is wrong or can't be carried over; then nothing is printed or written. */
export const importCommand = (argv: string[]): Outcome => orUsage(argv, usage, () => outcome(1, () => body(argv)));

function body(argv: string[]): Partial<Outcome> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      installer: { type: "string", default: "rke" },
      datacenter: { type: "string", multiple: true, default: [] },
      standby: { type: "string" },
      "rke-version": { type: "string" },
      "secrets-into": { type: "string" },
      state: { type: "string" },
      output: { type: "string", short: "o" },
      into: { type: "string" },
    },
  });
  const [path, ...more] = positionals;
  const isRke = values.installer === "rke";
  const rkeOnly = [values["rke-version"], values["secrets-into"], values.state];
  const wrongly = isRke ? more.length > 0 : rkeOnly.some((value) => value !== undefined);
  if (path === undefined || wrongly || values.datacenter.length === 0 || (values.output && values.into)) {
    throw new Error(usage.trimEnd());
  }
  const settings = { datacenters: readDatacenters(values.datacenter), standby: values.standby, remarks };
  const stack = values["secrets-into"];
  const { text, secrets } = imported(values.installer, positionals, {
    ...settings,
    rkeVersion: values["rke-version"],
    folder: dirname(resolve(path)),
    state: isRke ? stateFile(values.state, path) : undefined,
    keepsSecrets: stack !== undefined,
  });
  if (stack !== undefined && Object.keys(secrets).length > 0) {
    keepSecrets(secrets, stack, values.into === undefined ? join(__dirname, "..") : dirname(resolve(values.into)));
  }
  if (values.into !== undefined) {
    writeFileSync(values.into, withTopology(read(values.into), text, values.into));
    return { stderr: `wrote the topology into ${values.into}; its first lines say what deserves a look\n` };
  }
  if (values.output === undefined) {
    return { stdout: text };
  }
  write(values.output, text);
  return { stderr: `wrote ${values.output}\n` };
}

function imported(installer: string, paths: string[], settings: ImportSettings): Imported {
  switch (installer) {
    case "rke":
      return importCluster(read(paths[0] ?? ""), settings);
    case "kubeadm": {
      const files = paths.map((path) => ({ path, text: read(path) }));
      return { text: importKubeadm(files, settings), secrets: {} };
    }
    case "kubespray":
    case "kubekey":
    case "unit": {
      const files = paths.map((path) => ({ path, text: read(path) }));
      return { text: importEtcdUnit(installer, files, settings), secrets: {} };
    }
    default:
      throw new Error(
        `--installer: is none of rke, kubeadm, kubespray, kubekey and unit: ${JSON.stringify(installer)}`,
      );
  }
}

/** The state that is given, or the one that RKE keeps beside cluster.yml (cluster/state.go GetStateFilePath). */
function stateFile(given: string | undefined, clusterYml: string): RunningState | undefined {
  const { dir, name } = parsePath(clusterYml);
  const path = given ?? join(dir, `${name}.rkestate`);
  if (given === undefined && !existsSync(path)) {
    return undefined;
  }
  try {
    return runningState(parsed(read(path)));
  } catch (error) {
    // its text may repeat what the file holds, which is secret
    const why = error instanceof SyntaxError ? "is neither JSON nor YAML" : (error as Error).message;
    throw new Error(why.startsWith(path) ? why : `${path}: ${why}`);
  }
}

/** @throws SyntaxError for text that is neither JSON nor YAML */
function parsed(text: string): unknown {
  try {
    return text.trimStart().startsWith("{") ? JSON.parse(text) : readAsEngine(text);
  } catch {
    throw new SyntaxError();
  }
}

/** By stdin, so that no list of processes shows them. @throws Error with the last line that the CLI says */
function keepSecrets(secrets: Record<string, string>, stack: string, project: string): void {
  const command = ["config", "set", "--secret", "rke-dr:clusterSecrets", "--stack", stack, "--non-interactive"];
  try {
    execFileSync("pulumi", command, {
      cwd: project,
      input: JSON.stringify(secrets),
      stdio: ["pipe", "ignore", "pipe"],
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    const why = stderr?.toString().trim().split("\n").at(-1) || message;
    throw new Error(`--secrets-into ${stack}: \`pulumi config set\` failed, nothing was written: ${why}`);
  }
}

/** Losses that a failover can't answer, though there is something to recover from. */
function remarks(topology: Topology): string[] {
  return unrecoverable(topology).length > 0
    ? []
    : Object.entries(analyse(topology).datacenters).flatMap(([name, { cannotYet }]) =>
        cannotYet.map((why) => `the loss of ${name}: no failover: ${why}`),
      );
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
  if (existsSync(path) && /^runtime:/m.test(read(path))) {
    throw new Error(`${path}: is a Pulumi project; write elsewhere and paste it under topology: value:`);
  }
  writeFileSync(path, text);
}

if (require.main === module) {
  print(importCommand(process.argv.slice(2)));
}
