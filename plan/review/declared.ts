/** What a stack's state keeps for the policy pack: the topology as it was declared, and what hosts reported. */
import { z } from "zod";
import { parseTopology } from "../declaration/declaration";
import { factsOf, type Observation } from "../facts/observation";
import { versionsOn } from "../installers/declared-versions";
import type { Versions } from "../installers/known-faults";
import { allHosts, type Topology } from "../topology/topology";
import type { SeenByStack } from "./policy";

/** The type of the resource that keeps it. */
export const declaredType = "rke-dr:parts:Declared";

/** Its inputs: plain data, all of it clear text. */
export interface Declared {
  role: "primary" | "failover";
  /** As the configuration has it. */
  topology: unknown;
}

/** What its outputs have beyond the inputs. They are no inputs since they differ from run to run, and such a run has changed nothing. */
export interface ReportedByHosts {
  built: boolean;
  /** Versions that run, by host. */
  versions: Record<string, Versions>;
  /** The last one. startedAt: ISO 8601. */
  rehearsal?: { startedAt: string; verified: boolean };
}

const declared = z.object({ role: z.enum(["primary", "failover"]), topology: z.unknown() });
const reported = z.object({
  built: z.boolean(),
  versions: z.record(z.string(), z.record(z.string(), z.string())),
  rehearsal: z.object({ startedAt: z.iso.datetime(), verified: z.boolean() }).optional(),
});

export function reportedByHosts(topology: Topology, seen: Observation): ReportedByHosts {
  const asked = allHosts(topology).flatMap((host) => factsOf(seen, host) ?? []);
  const newest = asked.flatMap((facts) => facts.rehearsal ?? []).sort((a, b) => b.startedAt - a.startedAt)[0];
  return {
    built: asked.some((facts) => facts.cluster === topology.cluster),
    versions: Object.fromEntries(asked.map((facts) => [facts.host, versionsOn(topology, facts)])),
    ...(newest
      ? { rehearsal: { startedAt: new Date(newest.startedAt).toISOString(), verified: newest.verified } }
      : {}),
  };
}

/** @throws Error if the inputs are none of this resource, or a TopologyError that lists all problems of the topology */
export function readDeclared(inputs: unknown): { role: Declared["role"]; topology: Topology } {
  const { role, topology } = declared.parse(inputs);
  return { role, topology: parseTopology(topology) };
}

/** @throws Error if the outputs are none of this resource */
export function readReported(outputs: unknown): SeenByStack {
  const { built, versions, rehearsal } = reported.parse(outputs);
  return {
    built,
    versions,
    rehearsal: rehearsal && { startedAt: Date.parse(rehearsal.startedAt), verified: rehearsal.verified },
  };
}
