/** The operator's copy of the project: a git repository of its own, so that nothing a lab does touches the checkout. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { hostKeyOf } from "../hosts/disk";
import { LabError, must, run } from "../machine/run";
import { hostDir, type Place } from "../state/place";
import { hostsOf, type LabTopology } from "../state/topology";
import { operatorDir, operatorKeyPath } from "./operator";

export interface Workspace {
  /** Folder of the Pulumi project. */
  project: string;
  /** Folder of the file backend. */
  backend: string;
}

/** The checkout of the program that the operator works with: this one, or the folder that LAB_PROGRAM names, with its packages. */
const CHECKOUT = process.env.LAB_PROGRAM ? resolve(process.env.LAB_PROGRAM) : join(__dirname, "../..");

/** The operator's own workspace; made at first use. */
export async function operatorProject(place: Place, topology: LabTopology, file?: string): Promise<Workspace> {
  const project = join(operatorDir(place), "project");
  const backend = join(operatorDir(place), "backend");
  mkdirSync(backend, { recursive: true, mode: 0o700 });
  if (!existsSync(project)) {
    const work = `${project}.new`; // a name of its own until it is whole
    await must(["rm", "-rf", work]);
    await fillProject(place, topology, work, file);
    renameSync(work, project);
  }
  return { project, backend };
}

/**
 * The operator's project as another version of the program has it, with an empty backend.
 * @param checkout folder with that version's files and its packages
 */
export async function projectOf(
  place: Place,
  topology: LabTopology,
  checkout: string,
  name: string,
): Promise<Workspace> {
  const workspace = newWorkspace(place, name);
  await fillProject(place, topology, workspace.project, undefined, checkout);
  return workspace;
}

async function fillProject(
  place: Place,
  topology: LabTopology,
  folder: string,
  file?: string,
  checkout = CHECKOUT,
): Promise<void> {
  for (const name of await projectFiles(checkout)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(checkout, name), join(folder, name));
  }
  const pulumi = join(folder, "Pulumi.yaml");
  const keys = Object.fromEntries(hostsOf(topology).map(({ name }) => [name, hostKeyOf(hostDir(place, name))]));
  const other = file === undefined ? undefined : readFileSync(file, "utf8");
  writeFileSync(pulumi, fillTopology(readFileSync(pulumi, "utf8"), keys, operatorKeyPath(place), other, topology));
  const git = (...args: string[]) => must(["git", "-C", folder, ...IDENTITY, ...args], { env: gitEnvironment() });
  await git("init", "-q", "-b", "main");
  await git("add", "-A");
  await git("commit", "-q", "-m", "The project as the lab's operator has it");
  linkModules(folder, checkout);
}

/** A fresh clone of the operator's project with an empty backend: what a failover may count on. */
export async function cloneProject(place: Place, from: Workspace, name: string): Promise<Workspace> {
  const clone = newWorkspace(place, name);
  await must(["git", "clone", "-q", "--no-hardlinks", from.project, clone.project], { env: gitEnvironment() });
  linkModules(clone.project, CHECKOUT);
  return clone;
}

function newWorkspace(place: Place, name: string): Workspace {
  if (!/^[a-z0-9-]+$/.test(name)) throw new LabError(`clone: name must be of a-z, 0-9 and -, is "${name}"`);
  const folder = join(place.dir, "clones", name);
  if (existsSync(folder)) throw new LabError(`clone ${name}: must be new, ${folder} is there`);
  const workspace = { project: join(folder, "project"), backend: join(folder, "backend") };
  mkdirSync(workspace.backend, { recursive: true, mode: 0o700 });
  return workspace;
}

/** Packages are the checkout's; git must not see the link. */
function linkModules(project: string, checkout: string): void {
  mkdirSync(join(project, ".git/info"), { recursive: true });
  writeFileSync(join(project, ".git/info/exclude"), "node_modules\n");
  symlinkSync(join(checkout, "node_modules"), join(project, "node_modules"));
}

/** Files that git would commit of the checkout now; all files but node_modules if the checkout is no repository. */
async function projectFiles(checkout: string): Promise<string[]> {
  const listed = await run(["git", "-C", checkout, "ls-files", "-z", "-co", "--exclude-standard"], {
    env: gitEnvironment(),
  });
  const names =
    listed.code === 0
      ? listed.stdout.split("\0")
      : readdirSync(checkout, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("node_modules"));
  return names.filter((name) => name !== "" && isFile(join(checkout, name)));
}

/**
 * Pulumi.yaml with what only this lab knows: each host's key and the operator's key file, and another topology and other
 * releases if given.
 * Comments stay.
 */
export function fillTopology(
  text: string,
  hostKeys: Record<string, string>,
  keyPath: string,
  other?: string,
  releases: Pick<LabTopology, "rkeVersion" | "kubernetesVersion"> = {},
): string {
  const document = parseDocument(text);
  const at = ["config", "topology", "value"];
  if (other !== undefined) document.setIn(at, bareTopology(parseDocument(other)));
  if (!isMap(document.getIn(at))) throw new LabError("Pulumi.yaml: config.topology.value: must be a map, is missing");
  document.setIn([...at, "ssh", "keyPath"], keyPath);
  for (const key of ["rkeVersion", "kubernetesVersion"] as const) {
    const version = releases[key];
    if (version !== undefined && document.getIn([...at, key]) !== version) document.setIn([...at, key], version);
  }
  const datacenters = document.getIn([...at, "datacenters"]);
  for (const datacenter of isSeq<YAMLMap>(datacenters) ? datacenters.items : []) {
    const hosts = datacenter.get("hosts");
    for (const host of isSeq<YAMLMap>(hosts) ? hosts.items : []) {
      const key = hostKeys[String(host.get("name"))];
      if (key) host.set("hostKey", key);
    }
  }
  return document.toString({ lineWidth: 0 });
}

function bareTopology(document: Document): unknown {
  for (const path of [["config", "topology", "value"], ["config", "topology"], ["topology"]]) {
    const found = document.getIn(path);
    if (isMap(found)) return found;
  }
  return document.contents;
}

const IDENTITY = ["-c", "user.name=lab", "-c", "user.email=lab@localhost", "-c", "commit.gpgsign=false"];

/** Git as it comes: the caller's hooks, templates and an outer repository's variables stay out. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([key]) => !key.startsWith("GIT_"));
  return { ...Object.fromEntries(rest), GIT_CONFIG_GLOBAL: "/dev/null", GIT_TEMPLATE_DIR: "" };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
