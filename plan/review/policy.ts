import { rehearsalProblems } from "../acts/rehearsal/rehearsal";
import { declaredVersions } from "../installers/declared-versions";
import { faultsOf, knownFaults, titled, type Versions } from "../installers/known-faults";
import { hasApi, type Topology } from "../topology/topology";
import { suggestion } from "../values/nearest";
import { analyse } from "./analysis";
import type { Loss } from "./loss";

/** The policy's rules, each in one sentence. */
export const rules = {
  "data-loss": "The loss of a datacenter costs no more acknowledged writes than targets.rpoSeconds declares.",
  "api-left": "The loss of a datacenter leaves a control plane host.",
  "known-bad-versions": "No version is declared that may lose acknowledged writes.",
  acceptances: "Each accepted finding is one that the topology has.",
  "running-versions": "No version runs that may lose acknowledged writes.",
  rehearsal: "A recovery was rehearsed within the last 30 days.",
} as const;

export type Rule = keyof typeof rules;

/** Days within which there must have been a rehearsal. */
export const rehearsalDays = 30;

/** What hosts reported when a stack was last updated. */
export interface SeenByStack {
  /** False before this program has built the cluster or taken it over: then there is nothing to rehearse. */
  built: boolean;
  /** Versions that run, by host. */
  versions: Record<string, Versions>;
  /** The last one; undefined if there was none. startedAt: Unix milliseconds. */
  rehearsal: { startedAt: number; verified: boolean } | undefined;
}

/** What the policy can know beyond a topology. */
export interface Beyond {
  seen: SeenByStack;
  /** Unix milliseconds. */
  now: number;
  /** Days within which there must have been a rehearsal; else `rehearsalDays`. */
  days?: number;
}

/** A finding that the policy refuses unless the topology accepts it. */
export interface Finding {
  rule: Exclude<Rule, "acceptances">;
  /** Its name in `accept`, such as "rpo-a". */
  name: string;
  words: string;
  /** The reason for which it is accepted; undefined if it isn't. */
  accepted: string | undefined;
}

/**
 * The policy's findings: each datacenter whose loss alone costs more acknowledged writes than `targets.rpoSeconds`, and each
 * whose loss leaves no API to bring back; and versions that may lose acknowledged writes. `targets.rtoSeconds` can't be judged from a topology: drills measure it.
 * @param beyond if hosts were asked: then versions that run count, too, and the age of the last rehearsal
 */
export function policy(topology: Topology, beyond?: Beyond): Finding[] {
  const losses = Object.entries(analyse(topology).datacenters);
  return [
    ...losses.flatMap(([name, loss]) => rpoFinding(topology, name, loss)),
    ...losses.flatMap(([name]) => apiFinding(topology, name)),
    ...versionFindings(topology, Object.values(beyond?.seen.versions ?? {})),
    ...(beyond ? rehearsalFinding(topology, beyond) : []),
  ].map((finding) => ({
    ...finding,
    accepted: topology.accept.find((a) => a.finding === finding.name)?.reason,
  }));
}

/**
 * Entries of `accept` for findings that don't exist (any more): left in place, such an entry would hide the next finding of that name. Findings that only
 * hosts can show may be accepted beforehand.
 */
export function staleAcceptances(topology: Topology, findings: Finding[]): string[] {
  const declared = declaredVersions(topology);
  const byHosts = knownFaults.filter((row) => row.losesData && declared[row.program] === undefined);
  const known = [...findings.map((f) => f.name), ...byHosts.map((row) => `version-${row.program}`), "rehearsal"];
  return topology.accept.flatMap(({ finding }, i) =>
    known.includes(finding)
      ? []
      : [
          `topology.accept[${i}].finding: is not a finding of this topology${findings.length > 0 ? ` (${suggestion(finding, known)})` : ""}: ${JSON.stringify(finding)}`,
        ],
  );
}

/** The policy's findings, a line each; `refused` if one of them isn't accepted. */
export function policyWords(topology: Topology): { refused: boolean; lines: string[] } {
  const findings = policy(topology);
  const stale = staleAcceptances(topology, findings);
  const target = topology.targets.rpoSeconds;
  return {
    refused: stale.length > 0 || findings.some((f) => f.accepted === undefined),
    lines: [
      ...findings.map((f) =>
        f.accepted === undefined ? `REFUSED ${f.name}: ${f.words}` : `accepted ${f.name}: ${f.words} (${f.accepted})`,
      ),
      ...stale.map((words) => `REFUSED ${words}`),
      ...faultsOf(declaredVersions(topology))
        .filter((row) => !row.losesData && row.guard === undefined)
        .map((row) => `note ${titled(row, declaredVersions(topology))} ${row.fault}: ${row.way} (${row.source})`),
      ...(target === undefined
        ? ["targets.rpoSeconds isn't declared: what a loss may cost is told, and nothing is refused for it"]
        : []),
      ...(findings.length + stale.length === 0 && target !== undefined
        ? [`no datacenter's loss alone costs more than ${target} s of acknowledged writes`]
        : []),
    ],
  };
}

type Found = Omit<Finding, "accepted">;

/** Each fault of a version is told once, however many hosts have it. */
function versionFindings(topology: Topology, running: Versions[]): Found[] {
  const found = (rule: Found["rule"], versions: Versions): [words: string, Found][] =>
    faultsOf(versions)
      .filter((row) => row.losesData)
      .map((row) => {
        const words = `${titled(row, versions)} ${row.fault}: ${row.way} (${row.source})`;
        return [words, { rule, name: `version-${row.program}`, words }];
      });
  const declared = found("known-bad-versions", declaredVersions(topology));
  // what is declared, too, comes last and counts
  return [...new Map([...running.flatMap((versions) => found("running-versions", versions)), ...declared]).values()];
}

function rehearsalFinding(topology: Topology, { seen, now, days = rehearsalDays }: Beyond): Found[] {
  if (!seen.built || rehearsalProblems(topology).length > 0) return [];
  const finding = (words: string): Found[] => [{ rule: "rehearsal", name: "rehearsal", words }];
  if (seen.rehearsal === undefined) return finding("there was no rehearsal yet: `npm run rehearse`");
  const { startedAt, verified } = seen.rehearsal;
  const old = Math.floor((now - startedAt) / 86_400_000);
  if (!verified) {
    return finding(
      `the last rehearsal, ${old} days ago, wasn't verified: /var/lib/rke-dr/rehearsals on the deploy host says what differed; then \`npm run rehearse\``,
    );
  }
  return now - startedAt <= days * 86_400_000
    ? []
    : finding(`the last rehearsal was ${old} days ago, at most ${days} are wanted: \`npm run rehearse\``);
}

function rpoFinding(topology: Topology, name: string, loss: Loss): Found[] {
  const target = topology.targets.rpoSeconds;
  if (target === undefined || loss.mayBeLostSeconds <= target) {
    return [];
  }
  const prevented = loss.prevention.map((p) => `prevented by ${p}`);
  return [
    {
      rule: "data-loss",
      name: `rpo-${name}`,
      words: [`without ${name} may be lost, against a target of ${target} s: ${loss.mayBeLost}`, ...prevented].join(
        "; ",
      ),
    },
  ];
}

function apiFinding(topology: Topology, name: string): Found[] {
  const left = topology.datacenters
    .filter((dc) => dc.name !== name)
    .flatMap((dc) => dc.hosts.filter((h) => h.roles.includes("controlplane")));
  return left.length > 0 || !hasApi(topology)
    ? []
    : [
        {
          rule: "api-left",
          name: `api-${name}`,
          words: `without ${name} no control plane host is left: there is no API to bring back`,
        },
      ];
}
