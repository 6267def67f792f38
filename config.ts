import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { wholeTopology } from "./declared-topology";
import type { FailoverSettings } from "./plan/acts/failover/plan";
import { actSettings } from "./plan/acts/failover/settings";
import type { PrimaryOptions } from "./plan/acts/primary/plan";
import { parseTopology } from "./plan/declaration/declaration";
import { actProblems } from "./plan/declaration/installers";
import { type AdoptedCluster, parseRkeState } from "./plan/installers/rke/adopted";
import { parseClusterSecrets, placeholdersIn } from "./plan/installers/rke/cluster-secrets";
import type { Topology } from "./plan/topology/topology";
import { isMapping } from "./plan/values/mapping";
import { readSshAccess, type SshAccess } from "./reach/ssh-access";
import { stop } from "./stop";

export type { SshAccess } from "./reach/ssh-access";

/** declared: the topology before it is checked and its defaults are filled in. */
export type Settings = { topology: Topology; declared: unknown; ssh: SshAccess } & (
  | ({
      role: "primary";
      epoch: number;
      confirm: string | undefined;
      adopted: AdoptedCluster | undefined;
      /** The secrets by the placeholders under `rke` that they replace. */
      secrets: Record<string, string>;
    } & PrimaryOptions)
  | ({ role: "failover" } & { failover: FailoverSettings })
);

const keys = [
  "adopted",
  "clusterSecrets",
  "topology",
  "role",
  "epoch",
  "lost",
  "recover",
  "confirm",
  "attest",
  "endpoint",
  "returnGuard",
  "purge",
];

/**
 * Reads and validates the whole configuration; nothing else reads pulumi.Config.
 * @throws an error that lists every problem at once, as `item: rule: value`
 */
export function readSettings(): Settings {
  const config = new pulumi.Config("rke-dr");
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  for (const key of unknownKeys()) {
    problems.push(`rke-dr:${key}: is not a key of this program (${keys.join(", ")}): ${key}`);
  }
  const declared = attempt(() => readDeclared(config));
  const topology = declared === undefined ? undefined : attempt(() => parseTopology(declared));
  const epoch = attempt(() => readNumber("epoch", config.get("epoch")));
  const ssh = topology && attempt(() => readSshAccess(topology));
  const role = config.get("role");
  if (role !== "primary" && role !== "failover") {
    problems.push(`rke-dr:role: is neither primary nor failover: ${JSON.stringify(role ?? "nothing")}`);
  }
  problems.push(...(topology ? actProblems(topology) : []));
  const failover =
    role === "failover" && topology && epoch !== undefined
      ? attempt(() => readFailover(config, topology, epoch))
      : undefined;
  const adopted = role === "primary" && topology ? attempt(() => readAdopted(topology)) : undefined;
  const secrets =
    role === "primary" && topology
      ? attempt(() =>
          parseClusterSecrets(pulumi.runtime.allConfig()["rke-dr:clusterSecrets"], placeholdersIn(topology.rke)),
        )
      : undefined;
  const returnGuard = attempt(() => readReturnGuard(config)) ?? "on";
  if (returnGuard === "off" && topology?.bootHold) {
    problems.push(
      'rke-dr:returnGuard: must be on while topology.bootHold is true, since the return guard is what holds a host: "off"',
    );
  }
  const purge = attempt(() =>
    config.get("purge") === undefined ? undefined : readNumber("purge", config.get("purge")),
  );
  if (problems.length > 0 || !topology || !ssh || epoch === undefined) {
    throw stop(`the configuration has errors:\n${problems.map((p) => `  ${p}`).join("\n")}`);
  }
  return failover
    ? { role: "failover", topology, declared, ssh, failover }
    : {
        role: "primary",
        topology,
        declared,
        ssh,
        epoch,
        confirm: config.get("confirm"),
        adopted,
        secrets: secrets ?? {},
        returnGuard,
        purge,
      };
}

/** What isn't an object comes as it stands in the stack's file. */
function readDeclared(config: pulumi.Config): unknown {
  const text = config.require("topology");
  const declared = /^[{[]/.test(text) ? config.requireObject("topology") : text;
  return wholeTopology(declared, pulumi.getRootDirectory() || __dirname);
}

function unknownKeys(): string[] {
  return Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith("rke-dr:"))
    .map((key) => key.slice("rke-dr:".length))
    .filter((key) => !keys.includes(key));
}

/** The existing cluster's cluster.rkestate, a secret: read as it is, since `get` warns of secrets. */
function readAdopted(topology: Topology): AdoptedCluster | undefined {
  const text = pulumi.runtime.allConfig()["rke-dr:adopted"];
  if (topology.pki === "generated" || topology.installer !== "rke") {
    if (text !== undefined) {
      throw new Error(
        topology.installer === "rke"
          ? "rke-dr:adopted: is not used while topology.pki is generated"
          : `rke-dr:adopted: is a secret of RKE's clusters, not used for ${topology.installer}`,
      );
    }
    return undefined;
  }
  if (text === undefined) {
    throw new Error(
      "rke-dr:adopted: is missing, topology.pki is adopted: `pulumi config set --secret adopted --stack primary <cluster.rkestate`",
    );
  }
  try {
    const state = parseRkeState(text);
    const ca = (state.certificates["kube-ca"]?.certificate ?? "").replace(/\n+$/, "");
    return { ...state, caSum: createHash("sha256").update(ca).digest("hex") };
  } catch (error) {
    throw new Error(`rke-dr:adopted: ${error instanceof Error ? error.message : error}`);
  }
}

function readNumber(key: string, text: string | undefined): number {
  if (text === undefined || !/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new Error(`rke-dr:${key}: is not a whole number from 1: ${JSON.stringify(text ?? "nothing")}`);
  }
  return Number(text);
}

function readReturnGuard(config: pulumi.Config): "on" | "off" {
  const value = config.get("returnGuard") ?? "on";
  if (value !== "on" && value !== "off") {
    throw new Error(`rke-dr:returnGuard: is neither on nor off: ${JSON.stringify(value)}`);
  }
  return value;
}

const readFailover = (config: pulumi.Config, topology: Topology, epoch: number): FailoverSettings => ({
  ...actSettings(
    {
      lost: config.get("lost"),
      epoch,
      recover: config.getObject("recover"),
      endpoint: config.get("endpoint"),
    },
    topology,
  ),
  confirm: config.get("confirm"),
  attest: readAttest(config.get("attest")),
  attestBy: topology.attest.by,
});

/** One word, or the words of several persons: `pulumi config set --path attest.NAME WORD`. */
function readAttest(text: string | undefined): string | Record<string, string> | undefined {
  if (text === undefined || !/^[{[]/.test(text)) {
    return text;
  }
  const wrong = new Error(`rke-dr:attest: is neither a word nor a mapping of persons to words: ${text}`);
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (!isMapping(words) || Object.values(words).some((word) => typeof word !== "string")) {
    throw wrong;
  }
  return words as Record<string, string>;
}
