import { declaredVersions } from "../installers/declared-versions";
import { faultsOf, titled } from "../installers/known-faults";
import { hasApi, type Topology } from "../topology/topology";
import { suggestion } from "../values/nearest";
import { analyse } from "./analysis";
import type { Loss } from "./loss";

/** A finding that the policy refuses unless the topology accepts it. */
export interface Finding {
  /** Its name in `accept`, such as "rpo-a". */
  name: string;
  words: string;
  /** The reason for which it is accepted; undefined if it isn't. */
  accepted: string | undefined;
}

/**
 * The policy's findings: each datacenter whose loss alone costs more acknowledged writes than `targets.rpoSeconds`, and each
 * whose loss leaves no API to bring back; and versions that may lose acknowledged writes. `targets.rtoSeconds` can't be judged from a topology: drills measure it.
 */
export function policy(topology: Topology): Finding[] {
  const losses = Object.entries(analyse(topology).datacenters);
  return [
    ...losses.flatMap(([name, loss]) => rpoFinding(topology, name, loss)),
    ...losses.flatMap(([name]) => apiFinding(topology, name)),
    ...versionFindings(topology),
  ].map((finding) => ({
    ...finding,
    accepted: topology.accept.find((a) => a.finding === finding.name)?.reason,
  }));
}

/** Entries of `accept` for findings that don't exist (any more): left in place, such an entry would hide the next finding of that name. */
export function staleAcceptances(topology: Topology, findings: Finding[]): string[] {
  const known = findings.map((f) => f.name);
  return topology.accept.flatMap(({ finding }, i) =>
    known.includes(finding)
      ? []
      : [
          `topology.accept[${i}].finding: is not a finding of this topology${known.length > 0 ? ` (${suggestion(finding, known)})` : ""}: ${JSON.stringify(finding)}`,
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

function versionFindings(topology: Topology): Found[] {
  const versions = declaredVersions(topology);
  return faultsOf(versions)
    .filter((row) => row.losesData)
    .map((row) => ({
      name: `version-${row.program}`,
      words: `${titled(row, versions)} ${row.fault}: ${row.way} (${row.source})`,
    }));
}

type Found = Omit<Finding, "accepted">;

function rpoFinding(topology: Topology, name: string, loss: Loss): Found[] {
  const target = topology.targets.rpoSeconds;
  if (target === undefined || loss.mayBeLostSeconds <= target) {
    return [];
  }
  const prevented = loss.prevention.map((p) => `prevented by ${p}`);
  return [
    {
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
    : [{ name: `api-${name}`, words: `without ${name} no control plane host is left: there is no API to bring back` }];
}
