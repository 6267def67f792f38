/** The lab's command line as data. */
import { LabError } from "./run";

export type Verb =
  | { verb: "up"; topology?: string }
  | { verb: "down" }
  | { verb: "status"; json: boolean }
  | { verb: "power-off" | "power-on"; target: string }
  | { verb: "cut-link" | "heal-link"; datacenter?: string }
  | { verb: "exec"; host: string; command: string[] }
  | { verb: "kubectl" | "pulumi"; args: string[] }
  | { verb: "help" };

export const USAGE = `npm run lab -- VERB: real hosts on this machine, as namespaces

  up [--topology FILE]          raise the lab of the topology in Pulumi.yaml, or in FILE
  down                          remove it: processes, mounts, namespaces, links, files
  status [--json]               hosts, links, what is a stand-in
  power-off HOST|DATACENTER     as pulling the plug
  power-on HOST|DATACENTER      same disk; docker restarts its containers
  cut-link [DATACENTER]         cut it from the other datacenters; without a name: all from each other
  heal-link [DATACENTER]
  exec HOST -- COMMAND...       on a host; the exit code is the command's
  kubectl -- ARGS...            as the operator, with a living deploy host's kubeconfig
  pulumi -- ARGS...             as the operator, in the lab's own copy of the project

Environment: LAB_DIR (this lab's state), LAB_CACHE (builds and images), LAB_RKE (a real rke v1.2.7, for up).
`;

export function parseVerb(argv: readonly string[]): Verb {
  const [verb, ...rest] = argv;
  switch (verb) {
    case undefined:
    case "help":
    case "--help":
      return { verb: "help" };
    case "up":
      return { verb, ...parseUp(rest) };
    case "down":
      none(verb, rest);
      return { verb };
    case "status":
      if (rest.length === 1 && rest[0] === "--json") return { verb, json: true };
      none(verb, rest);
      return { verb, json: false };
    case "power-off":
    case "power-on": {
      const [target, ...more] = rest;
      if (!target) throw new LabError(`${verb}: must name a host or a datacenter, names none`);
      none(verb, more);
      return { verb, target };
    }
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
      return { verb, args: rest[0] === "--" ? rest.slice(1) : rest };
    default:
      throw new LabError(`verb: must be one of the lab's (see \`npm run lab -- help\`), is "${verb}"`);
  }
}

function parseUp(rest: string[]): { topology?: string } {
  if (rest.length === 0) return {};
  const [option, file, ...more] = rest;
  const inline = /^--topology=(.+)$/.exec(option ?? "")?.[1];
  if (inline && file === undefined) return { topology: inline };
  if (option !== "--topology" || !file)
    throw new LabError(`up: must have no argument but --topology FILE, has "${rest.join(" ")}"`);
  none("up", more);
  return { topology: file };
}

function none(verb: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new LabError(`${verb}: must have no further argument, has "${rest.join(" ")}"`);
}
