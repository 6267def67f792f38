import assert from "node:assert/strict";
import { planFailover } from "../../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../../plan/acts/failover/plan";
import type { Observation } from "../../../plan/facts/observation";
import { failoverGuards } from "../../../plan/guards/failover";
import type { Verdict } from "../../../plan/guards/verdict";
import type { Topology } from "../../../plan/topology/topology";
import { afterLossOfA } from "../worlds/observations";
import { type Refusal, refusals } from "../worlds/refusals";
import { ready } from "../worlds/settings";
import { seed } from "../worlds/topologies";

/** Words that a way on begins with or contains if it isn't a command: what the operator does with hands or in Pulumi.yaml. */
const deeds =
  /`[^`]+`|Pulumi\.yaml|Bring |Copy |switch .* off|Switch|wait, then run|docs\/|Look at|look at your own network|put it in the same place/;

/** Commands of a problem that change the failover stack's configuration: [key, value] each; no value: the key is removed. */
const settingsIn = (text: string): [string, string | undefined][] =>
  [...text.matchAll(/`pulumi config (set|rm) (?:--path )?([\w.]+)(?: "?([^\s"`]+)"?)? --stack failover`/g)].map(
    ([, verb, key = "", value]) => [key, verb === "rm" ? undefined : value],
  );

function typed(settings: FailoverSettings, commands: [string, string | undefined][]): FailoverSettings {
  const changed: Record<string, unknown> = { ...settings };
  for (const [key, value] of commands) {
    const name = key.replace(/^recover\./, "");
    assert.ok(["lost", "epoch", "confirm", "attest", "from", "method", "recover"].includes(name), key);
    changed[name] = name === "epoch" ? Number(value) : name === "from" ? (value ?? "auto") : value;
  }
  return changed as unknown as FailoverSettings;
}

/** The same hosts, asked with another epoch: they tell the decisions of that epoch's act. */
function askedWith(epoch: number, seen: Observation): Observation {
  const hosts = Object.entries(seen.hosts).map(([name, h]) => [
    name,
    h.reachable ? { ...h, plan: h.epoch === epoch ? { ...h.preflight.earlierPlan, ...h.plan } : {} } : h,
  ]);
  return { ...seen, hosts: Object.fromEntries(hosts) };
}

const stops = (topology: Topology, c: Refusal, settings: FailoverSettings): Verdict[] => {
  const seen = askedWith(settings.epoch, afterLossOfA(topology, c.hosts, c.answers));
  return failoverGuards(topology, planFailover(topology, settings, seen), seen).filter((v) => !v.ok);
};

const key = (settings: FailoverSettings): string => JSON.stringify(Object.entries(settings).sort());

/**
 * Follows the advice of refusals, each line by itself as an operator would, until no line changes the configuration any more.
 * @throws AssertionError if advice leads back to a configuration that was refused before
 */
function follow(topology: Topology, c: Refusal, settings: FailoverSettings, way: string[] = []): void {
  const failed = stops(topology, c, settings);
  const here = key(settings);
  assert.ok(!way.includes(here), `advice leads in a circle:\n${[...way, here].join("\n")}`);
  assert.ok(way.length < 8, way.join("\n"));
  // confirm and attest of another act follow from what is asked; they come last
  const lines = failed.flatMap((v) => v.problems.flatMap((p) => p.split("\n").slice(1)));
  const steps = lines.map(settingsIn).filter((commands) => commands.length > 0);
  const next = steps.map((commands) => typed(settings, commands)).filter((s) => key(s) !== here);
  for (const s of next) follow(topology, c, s, [...way, here]);
}

describe("what refusals advise", () => {
  for (const [name, c] of Object.entries(refusals).filter(([, r]) => Object.keys(r.stops).length > 0)) {
    it(`is something to type or to do: ${name}`, () => {
      for (const { guard, problems } of stops(c.topology ?? seed(), c, { ...ready, ...c.settings })) {
        for (const told of problems) {
          const [wrong = "", ...ways] = told.split("\n");
          assert.match(wrong, /^[^:]+.*: .+/, `${guard}: item: rule: value`);
          assert.ok(ways.length > 0, `${guard} tells no way on: ${told}`);
          assert.ok(
            ways.some((line) => deeds.test(line)),
            `${guard} tells nothing to type or do: ${told}`,
          );
          assert.ok(
            ways.every((line) => line.length < 240 || line.includes("docs/")),
            told,
          );
        }
      }
    });

    it(`leads in no circle: ${name}`, () => follow(c.topology ?? seed(), c, { ...ready, ...c.settings }));
  }
});
