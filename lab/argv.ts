/** The lab's command line as data. */
import { parseArgs } from "node:util";
import { ETCD_LINES, ETCD_VERSIONS } from "./build/programs";
import { defaultKubernetes, releaseImages } from "./build/releases";
import { LabError } from "./machine/run";
import { INSTALLERS, type LabInstaller } from "./state/topology";
import type { UpOptions } from "./up";

export type Verb =
  | ({ verb: "up" } & UpOptions)
  | { verb: "down" }
  | { verb: "status"; json: boolean }
  | { verb: "power-off" | "power-on"; target: string }
  | { verb: "cut-link" | "heal-link"; datacenter?: string }
  | { verb: "cut-operator"; datacenter: string }
  | { verb: "slow-link"; milliseconds: number; lossPercent: number }
  | { verb: "freeze" | "drop"; target: string }
  | { verb: "rebuild" | "fill-disk" | "corrupt-etcd"; host: string }
  | { verb: "kill"; host: string; container: string }
  | { verb: "set-clock"; host: string; seconds: number }
  | { verb: "heal" }
  | { verb: "exec"; host: string; command: string[] }
  | { verb: "kubectl" | "pulumi" | "rehearse"; args: string[] }
  | { verb: "help" };

export const USAGE = `npm run lab -- VERB: real hosts on this machine, as namespaces

  up [--topology FILE] [--etcd VERSION] [--installer NAME] [--rke RELEASE] [--kubernetes VERSION]
                                raise the lab of the topology in Pulumi.yaml, or in FILE; with --installer kubeadm,
                                kubespray, kubekey or unit alone that of topologies/NAME.yaml, made into a cluster by
                                kubeadm, with etcd as a unit of systemd for the last three. --rke and
                                --kubernetes replace the topology's rkeVersion and kubernetesVersion, --rke alone both;
                                hosts get the images of that version, with the etcd that its image has, or --etcd's
  down                          remove it: processes, mounts, namespaces, links, files
  status [--json]               hosts, links, faults, what is a stand-in
  power-off HOST|DATACENTER     as pulling the plug
  power-on HOST|DATACENTER      same disk; the runtime restarts its containers
  rebuild HOST                  as after a broken disk: set up anew with nothing on it but its SSH host key
  cut-link [DATACENTER]         cut it from the other datacenters; without a name: all from each other
  heal-link [DATACENTER]
  cut-operator DATACENTER       cut the operator from it; its hosts still reach the other datacenters
  slow-link MS [--loss PERCENT] packets between datacenters take longer, each way, and get lost (MS may be 0)
  freeze HOST|DATACENTER        accepts connections, answers nothing
  drop HOST|DATACENTER          packets vanish, instead of "no route" or "refused"
  fill-disk HOST                no block is left on its disk (the images' data lies on another)
  corrupt-etcd HOST             damages its etcd's database in place
  kill HOST CONTAINER           kills a container's process; the runtime heeds its restart policy
  set-clock HOST SECONDS        refused: says why it can't be had
  heal                          undoes all faults; what is off stays off
  exec HOST -- COMMAND...       on a host; the exit code is the command's
  kubectl -- ARGS...            as the operator, with a living deploy host's kubeconfig
  pulumi -- ARGS...             as the operator, in the lab's own copy of the project
  rehearse -- ARGS...           \`npm run rehearse\`, as the operator, in the same copy

Environment: LAB_DIR (this lab's state), LAB_CACHE (builds and images), LAB_RKE (a real rke of the topology's rkeVersion, for up).
`;

export function parseVerb(argv: readonly string[]): Verb {
  const [verb, ...rest] = argv;
  if (rest[0] === "--help" && verb !== "exec" && verb !== "kubectl" && verb !== "pulumi" && verb !== "rehearse") {
    return { verb: "help" };
  }
  switch (verb) {
    case undefined:
    case "help":
    case "--help":
    case "-h":
      return { verb: "help" };
    case "up":
      return { verb, ...parseUp(rest) };
    case "down":
    case "heal":
      none(verb, rest);
      return { verb };
    case "status":
      if (rest.length === 1 && rest[0] === "--json") return { verb, json: true };
      none(verb, rest);
      return { verb, json: false };
    case "power-off":
    case "power-on":
    case "freeze":
    case "drop": {
      const [target] = words(verb, rest, "a host or a datacenter");
      return { verb, target };
    }
    case "cut-operator": {
      const [datacenter] = words(verb, rest, "a datacenter");
      return { verb, datacenter };
    }
    case "rebuild":
    case "fill-disk":
    case "corrupt-etcd": {
      const [host] = words(verb, rest, "a host");
      return { verb, host };
    }
    case "kill": {
      const [host, container] = words(verb, rest, "a host", "a container");
      return { verb, host, container };
    }
    case "set-clock": {
      const [host, seconds] = words(verb, rest, "a host", "seconds");
      return { verb, host, seconds: number(`${verb}: seconds`, seconds, /^[+-]?\d+$/, "a whole number, as +90") };
    }
    case "slow-link":
      return { verb, ...parseSlowLink(rest) };
    case "cut-link":
    case "heal-link": {
      const [datacenter, ...more] = rest;
      none(verb, more);
      return datacenter === undefined ? { verb } : { verb, datacenter };
    }
    case "exec": {
      const [host, dashes, ...command] = rest;
      if (!host || host === "--") throw new LabError("exec: must name a host first, as in `exec HOST -- COMMAND`");
      const all = dashes === "--" ? command : [dashes ?? "", ...command].filter((word, i) => i > 0 || word !== "");
      if (all.length === 0) throw new LabError(`exec ${host}: must have a command after --, has none`);
      return { verb, host, command: all };
    }
    case "kubectl":
    case "pulumi":
    case "rehearse":
      return { verb, args: rest[0] === "--" ? rest.slice(1) : rest };
    default:
      throw new LabError(`verb: must be one of the lab's (see \`npm run lab -- help\`), is "${verb}"`);
  }
}

function parseUp(rest: string[]): UpOptions {
  const text = { type: "string" } as const;
  const { values } = parsed("up", rest, { topology: text, etcd: text, installer: text, rke: text, kubernetes: text });
  return {
    ...(values.topology === undefined ? {} : { topology: values.topology }),
    ...etcdVersion(values.etcd),
    ...releaseOptions(values.rke, values.kubernetes),
    ...installerOption(values.installer),
  };
}

function parsed(verb: string, args: string[], options: Record<string, { type: "string" }>) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new LabError(`${verb}: ${(error as Error).message}, in "${args.join(" ")}"`);
  }
}

type Text = string | boolean | undefined;

/** `--etcd VERSION` as an option of `up`: a version, or a line that stands for one. */
export function etcdVersion(value: Text): { etcd?: string } {
  if (value === undefined) return {};
  const version = ETCD_LINES[String(value)] ?? String(value);
  if (!ETCD_VERSIONS.includes(version)) {
    const known = [...Object.keys(ETCD_LINES), ...ETCD_VERSIONS].join(", ");
    throw new LabError(`--etcd: must be one of ${known}, is "${value}"`);
  }
  return { etcd: version };
}

/** `--rke RELEASE` and `--kubernetes VERSION` as options of `up`; the first alone means its default version, too. */
export function releaseOptions(rke: Text, kubernetes: Text): { rkeVersion?: string; kubernetesVersion?: string } {
  if (rke === undefined && kubernetes === undefined) return {};
  const version = kubernetes === undefined ? defaultKubernetes(String(rke)) : String(kubernetes);
  releaseImages(version);
  if (rke === undefined) return { kubernetesVersion: version };
  defaultKubernetes(String(rke));
  return { rkeVersion: String(rke), kubernetesVersion: version };
}

/** `--installer NAME` as an option of `up`. */
export function installerOption(value: string | boolean | undefined): { installer?: LabInstaller } {
  if (value === undefined) return {};
  const installer = INSTALLERS.find((known) => known === value);
  if (!installer) throw new LabError(`--installer: must be one of ${INSTALLERS.join(", ")}, is "${value}"`);
  return { installer };
}

function parseSlowLink(rest: string[]): { milliseconds: number; lossPercent: number } {
  const [first, option, loss, ...more] = rest.flatMap((word) =>
    word.startsWith("--loss=") ? ["--loss", word.slice("--loss=".length)] : [word],
  );
  const milliseconds = number("slow-link: milliseconds", first, /^\d{1,5}$/, "a whole number below 100000");
  if (option === undefined) return { milliseconds, lossPercent: 0 };
  if (option !== "--loss") throw new LabError(`slow-link: must have no option but --loss PERCENT, has "${option}"`);
  none("slow-link", more);
  const rule = "a number from 0 to 100 with at most two decimals";
  return { milliseconds, lossPercent: number("slow-link --loss", loss, /^(\d{1,2}(\.\d{1,2})?|100)%?$/, rule) };
}

function number(what: string, word: string | undefined, form: RegExp, rule: string): number {
  if (word === undefined || !form.test(word))
    throw new LabError(`${what}: must be ${rule}, is ${word === undefined ? "missing" : `"${word}"`}`);
  return Number(word.replace("%", ""));
}

/** As many words as there are names for them. */
function words<T extends string[]>(verb: string, rest: readonly string[], ...names: T): { [K in keyof T]: string } {
  const missing = names[rest.length];
  if (missing !== undefined)
    throw new LabError(`${verb}: must name ${names.join(" and ")}, names ${rest[0] ?? "none"}`);
  none(verb, rest.slice(names.length));
  return rest.slice(0, names.length) as { [K in keyof T]: string };
}

function none(verb: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new LabError(`${verb}: must have no further argument, has "${rest.join(" ")}"`);
}
