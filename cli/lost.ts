/**
 * `npm run lost -- --epoch N`: names the objects that a failover cost: those that the returned side's data has and the data with which the failover
 * began lacks, has older, or still has. Both lie aside on hosts and are read there, each by a scratch etcd; nothing is changed.
 * Exit status: 0 if the sides were compared, 1 if not.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { observe } from "../observe/observe";
import {
  differingKeys,
  isMachinery,
  type Keys,
  type LostObject,
  lostObject,
  nowOf,
  readKeys,
  readValue,
} from "../plan/acts/lost/compare";
import { type Manifest, manifestOf } from "../plan/acts/lost/manifest";
import { dataRead, type LostReport, lostMarkdown, readsWhat, toBringBack } from "../plan/acts/lost/report";
import { clusterPaths, type Stranded, strandedIn, strandedMarkdown } from "../plan/acts/lost/stranded";
import { apiServerOf, type Data, type Lost, lostProblems, whereLost } from "../plan/acts/lost/where";
import { apiServerBody } from "../plan/acts/steps/scratch";
import { factsOf, type Observation } from "../plan/facts/observation";
import { readStored } from "../plan/facts/stored-object";
import { installerOf } from "../plan/installers/installers";
import { allHosts, deployHost, type Host, type Topology, takesOver } from "../plan/topology/topology";
import { type Mapping, mapping } from "../plan/values/mapping";
import { readSshAccess, type SshAccess } from "../reach/ssh-access";
import { errorWords } from "./command";
import { asideData, Conversation, livingApi } from "./conversation";
import { chosenTopology, topologyOptions } from "./topology-file";
import { asksForHelp } from "./usage";

const usage = `usage: npm run -s lost -- --epoch N [OPTIONS]

Names the objects that the failover of epoch N cost: what the returned datacenter's data has, and the data with which the failover began hasn't.
Reads both where they lie aside on the hosts; changes nothing.

  --epoch N         the failover's epoch
  --all             lists also what nobody has to bring back: Leases, Events, status, objects of controllers
  --yaml DIR        writes the objects into the new or empty folder DIR, ready for \`kubectl apply -f DIR\`; those that the
                    cluster has changed since go to DIR/changed-since
  --secrets         with --yaml: Secrets, too, with their values
  --json            prints the report as JSON instead of Markdown
  --project FOLDER  another folder with Pulumi.yaml and Pulumi.failover.yaml
  --cluster NAME    of several clusters that of stack NAME-failover
  --topology PATH   another topology than the failover stack's
`;

interface Options {
  epoch: number;
  all: boolean;
  yaml: string | undefined;
  secrets: boolean;
  json: boolean;
  project: string;
  cluster?: string | undefined;
  topology?: string | undefined;
}

function readOptions(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      epoch: { type: "string" },
      all: { type: "boolean", default: false },
      yaml: { type: "string" },
      secrets: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      ...topologyOptions,
    },
  });
  const { epoch, yaml, secrets } = values;
  if (epoch === undefined || !/^[1-9]\d{0,8}$/.test(epoch)) {
    throw new Error(
      `--epoch: must be the epoch of a failover, a number: ${epoch === undefined ? "not given" : JSON.stringify(epoch)}\n  \`npm run -s report -- --last\` shows the last failover's`,
    );
  }
  if (secrets && yaml === undefined) {
    throw new Error("--secrets: writes Secrets' values into files and needs --yaml DIR: not given");
  }
  if (yaml !== undefined) {
    emptyFolder(yaml);
  }
  return { ...values, epoch: Number(epoch), yaml };
}

/** Makes the folder, before hosts are asked for what is written there. @throws Error if it can't be, or has files */
function emptyFolder(path: string): void {
  const rule = "--yaml: must be a new or an empty folder";
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (readdirSync(path).length === 0) return;
  } catch (error) {
    throw new Error(`${rule}: ${errorWords(error)}`);
  }
  throw new Error(`${rule}: ${JSON.stringify(path)} has files`);
}

async function main(argv: string[]): Promise<void> {
  if (asksForHelp(argv)) {
    process.stdout.write(usage);
    return;
  }
  const options = readOptions(argv);
  const topology = chosenTopology(options, "failover");
  const [refusal] = lostProblems(topology);
  if (refusal !== undefined) {
    throw new Error(`nothing can be compared, and no host was asked\n  ${refusal}`);
  }
  const access = readSshAccess(topology);
  const seen = await observe(allHosts(topology), [], access, options.epoch, topology.installer).whole;
  const lost = whereLost(topology, options.epoch, seen);
  const cluster = lost.datacenter === undefined ? undefined : await stranded(topology, lost.datacenter, access, seen);
  if ("problems" in lost) {
    const known = cluster === undefined || "reason" in cluster ? [] : strandedMarkdown(cluster);
    process.stdout.write(options.json ? "" : known.map((line) => `${line}\n`).join(""));
    throw new Error(
      ["nothing can be compared, and nothing was changed", ...lost.problems.map((p) => `  ${p}`)].join("\n"),
    );
  }
  const reading = new Reading(topology, lost, access, seen);
  try {
    const report = await reading.report(cluster);
    const written =
      options.yaml === undefined ? [] : await reading.write(report.objects, options.yaml, options.secrets);
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : lostMarkdown(report, options.all));
    for (const line of written) progress(`${line}\n`);
  } finally {
    await reading.close();
  }
}

/** What the living cluster expects of hosts that are gone; the reason if its API doesn't say. */
async function stranded(
  topology: Topology,
  datacenter: string,
  access: SshAccess,
  seen: Observation,
): Promise<Stranded | { reason: string }> {
  const deploy = deployHost(topology, takesOver(topology, datacenter));
  if (!factsOf(seen, deploy)) return { reason: `${deploy.name} doesn't answer` };
  const api = new Conversation(deploy, access, livingApi(topology, deploy), () => undefined);
  const get = async (path: string) => mapping(JSON.parse(await api.ask(path)));
  try {
    const paths = clusterPaths([]);
    const nodes = await get(paths.nodes);
    const gone = allHosts(topology).map((h) => h.name);
    return strandedIn({
      nodes,
      pods: await Promise.all(clusterPaths(gone).pods.map(get)),
      persistentVolumes: await get(paths.persistentVolumes),
      persistentVolumeClaims: await get(paths.persistentVolumeClaims),
      statefulSets: await get(paths.statefulSets),
      webhooks: await Promise.all(paths.webhooks.map(get)),
      endpoints: await get(paths.endpoints),
    });
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await api.close();
  }
}

const progress = (text: string) => process.stderr.write(text);

/** One comparison: the hosts' data is open from the first question until `close`. */
class Reading {
  private readonly base: Conversation;
  private readonly sides: Conversation[];
  /** The side that was compared: that with the newest revision. */
  private newest: Conversation | undefined;
  private readonly values = new Map<string, Buffer | undefined>();

  constructor(
    private readonly topology: Topology,
    private readonly lost: Lost,
    access: SshAccess,
    private readonly seen: Observation,
  ) {
    for (const line of readsWhat(lost)) progress(`${line}\n`);
    const open = (data: Data) => new Conversation(data.host, access, asideData(topology, data, lost.prefix), progress);
    this.base = open(lost.base);
    this.sides = lost.returned.map(open);
  }

  async report(expects: LostReport["expects"]): Promise<LostReport> {
    const { lost, topology } = this;
    const [here, living, ...there] = await Promise.all([
      this.base.ask("keys").then(readKeys),
      this.base.ask("living").then(readKeys, () => undefined),
      ...this.sides.map((side) => side.ask("keys").then(readKeys, (error: Error) => error)),
    ]);
    const read = this.sides.flatMap((side, i) => {
      const keys = there[i];
      return keys && "keys" in keys ? [{ side, keys }] : [];
    });
    const failed = there.flatMap((keys) => (keys instanceof Error ? [keys.message] : []));
    const [newest, ...older] = read.sort((a, b) => b.keys.revision - a.keys.revision);
    if (!newest) throw new Error([`no data of datacenter ${lost.datacenter} could be read`, ...failed].join("\n  "));
    this.newest = newest.side;
    const dataOf = (side: Conversation) => lost.returned[this.sides.indexOf(side)] ?? lost.base;
    return {
      cluster: topology.cluster,
      expects,
      epoch: lost.epoch,
      datacenter: lost.datacenter,
      there: dataRead(dataOf(newest.side), newest.keys.revision),
      base: dataRead(lost.base, here.revision),
      others: [
        ...older.map(({ side, keys }) => `Older, not compared: ${side.host.name}, revision ${keys.revision}`),
        ...[...lost.missing, ...failed].map((reason) => `Not compared: ${reason}`),
      ],
      objects: await this.objects(newest.side, newest.keys, here, living),
    };
  }

  private async objects(side: Conversation, there: Keys, here: Keys, living: Keys | undefined): Promise<LostObject[]> {
    const { prefix } = this.lost;
    const revisions = (keys: Keys) => new Map(keys.keys.map((k) => [k.key, k.modified]));
    const [base, now] = [revisions(here), living && revisions(living)];
    const differing = differingKeys(there, here);
    const wanted = differing.filter((d) => !isMachinery(d.key, prefix));
    let done = 0;
    let told = Date.now();
    const value = async (data: Conversation, key: string) => {
      const found = readValue(await data.ask(`value ${key}`));
      done++;
      if (Date.now() - told > 2000) {
        told = Date.now();
        progress(`${done} values of ${wanted.length} differing objects are read\n`);
      }
      return found;
    };
    return Promise.all(
      differing.map(async (difference) => {
        const { key } = difference;
        const read = !isMachinery(key, prefix);
        const [onThere, onHere] = await Promise.all([
          read && difference.difference !== "deleted there" ? value(side, key) : undefined,
          read && difference.difference !== "only there" ? value(this.base, key) : undefined,
        ]);
        this.values.set(key, onThere);
        return lostObject(difference, prefix, { there: onThere, here: onHere }, nowOf(key, base, now));
      }),
    );
  }

  /**
   * Writes the objects that somebody may have to bring back.
   * @returns what was written and what wasn't, a line each
   */
  async write(objects: LostObject[], folder: string, secrets: boolean): Promise<string[]> {
    const all = toBringBack(objects).filter((o) => o.difference !== "deleted there");
    const secret = (o: LostObject) => o.kind === "Secret" || o.kind === "secrets";
    const wanted = all.filter((o) => !o.encrypted && (secrets || !secret(o)));
    const lines: string[] = [];
    let written = 0;
    for (const object of wanted) {
      const shown = await this.shown(object).catch((error: Error) => error);
      if (shown instanceof Error) {
        lines.push(`not written: ${named(object)}: ${shown.message}`);
        continue;
      }
      put(folder, manifestOf(shown, object.now === "not there"), object.now === "changed since");
      written++;
    }
    const left = all.filter((o) => !wanted.includes(o));
    return [
      `${written} objects are written to ${folder}`,
      ...lines,
      ...left.map(
        (o) =>
          `not written: ${named(o)}: ${o.encrypted ? "it is encrypted at rest" : "its values are written only with --secrets"}`,
      ),
    ];
  }

  /** The object as the API shows it; one that is stored as JSON needs no API server. */
  private async shown(object: LostObject): Promise<Mapping> {
    const value = this.values.get(object.key);
    const stored = value && readStored(value);
    if (stored?.kind === "object" && stored.object.json) return stored.object.json;
    const side = this.newest;
    if (!side) throw new Error("nothing was read yet");
    this.api ??= this.startApi(side);
    await this.api;
    const path = await this.path(side, object);
    return mapping(JSON.parse(await side.ask(`get ${path}`)));
  }

  private api: Promise<string> | undefined;

  private startApi(side: Conversation): Promise<string> {
    const host: Host = side.host;
    const { sharesNetworks, name } = installerOf(this.topology).runtimeOn(host);
    const found = apiServerOf(factsOf(this.seen, host));
    if (!found || !sharesNetworks) {
      throw new Error(
        found
          ? `the runtime ${name} can't start a scratch kube-apiserver beside a scratch etcd, which shows objects as the API does`
          : `${host.name} has no kube-apiserver, whose image shows objects as the API does`,
      );
    }
    progress(`${host.name}: starts a scratch kube-apiserver, which shows the objects as the API does\n`);
    const body = apiServerBody(found, {
      beside: "rke-dr-lost-etcd",
      etcd: "http://127.0.0.1:2379",
      label: "rke-dr.lost",
      // none but this program reaches it, by a certificate of the host
      arguments: { "authorization-mode": "AlwaysAllow" },
    });
    return side.ask(`api ${body}`);
  }

  private readonly discovered = new Map<string, Promise<Mapping[]>>();

  /** The object's path in the API, by what the API says of its resources. */
  private async path(side: Conversation, { apiVersion, kind, namespace, name }: LostObject): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known =
      this.discovered.get(root) ??
      side.ask(`get ${root}`).then((text) => (JSON.parse(text) as { resources: Mapping[] }).resources);
    this.discovered.set(root, known);
    const resource = (await known).find((r) => r.kind === kind && !String(r.name).includes("/"));
    if (!resource) throw new Error(`${apiVersion} has no resource of kind ${kind}`);
    const within = resource.namespaced === true ? `/namespaces/${namespace}` : "";
    return `${root}${within}/${resource.name}/${encodeURIComponent(name)}`;
  }

  async close(): Promise<void> {
    await Promise.all([this.base, ...this.sides].map((side) => side.close()));
  }
}

const named = ({ kind, namespace, name }: LostObject): string =>
  `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;

function put(folder: string, { file, text }: Manifest, apart: boolean): void {
  const into = apart ? join(folder, "changed-since") : folder;
  mkdirSync(into, { recursive: true, mode: 0o700 });
  writeFileSync(join(into, file), text, { mode: 0o600 });
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${errorWords(error)}\n`);
    process.exitCode = 1;
  });
}
