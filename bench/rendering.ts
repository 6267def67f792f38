/** How long the pure parts take by the number of hosts: reading the topology, planning, describing, rendering. */
import { planFailover } from "../plan/acts/failover/failover";
import { warnings } from "../plan/declaration/declaration";
import { parseFacts } from "../plan/facts/facts";
import type { Observation } from "../plan/facts/observation";
import { failoverGuards } from "../plan/guards/failover";
import { describeFailover } from "../plan/preview/describe";
import { pages } from "../plan/review/pages";
import { factsText, fleetTopology, survivorsOf } from "./fleet-topology";

export interface PureCosts {
  hosts: number;
  /** Milliseconds of processor time, the least of the runs: what disturbs only ever adds. */
  topology: number;
  facts: number;
  plan: number;
  words: number;
  pages: number;
  /** Characters of the preview's text. */
  previewLength: number;
}

const noCertificates = () => ({ certificates: [], unreadableCertificates: [] });
const now = Date.parse("2026-11-21T12:00:00Z");

export function pureCosts(hosts: number, runs: number): PureCosts {
  const costs = Array.from({ length: runs }, () => once(hosts));
  const least = (key: keyof PureCosts) => Math.min(...costs.map((cost) => cost[key]));
  return {
    hosts,
    topology: least("topology"),
    facts: least("facts"),
    plan: least("plan"),
    words: least("words"),
    pages: least("pages"),
    previewLength: least("previewLength"),
  };
}

function once(hosts: number): PureCosts {
  const [topology, topologyCost] = timed(() => fleetTopology(hosts));
  const texts = survivorsOf(topology).map((host) => ({ host, text: `${factsText(topology, host, now)}now=${now}\n` }));
  const [seen, facts] = timed(
    (): Observation => ({
      hosts: Object.fromEntries(
        texts.map(({ host, text }) => [host.name, parseFacts(host.name, text, now, noCertificates)]),
      ),
      answers: [],
      at: now,
    }),
  );
  const settings = { lost: "a", epoch: 2, from: "auto", confirm: undefined, attest: undefined };
  const [plan, planCost] = timed(() => planFailover(topology, settings, seen));
  const [text, words] = timed(() =>
    describeFailover(plan, failoverGuards(topology, plan, seen), warnings(topology), now),
  );
  const [, rendered] = timed(() => pages(topology));
  return { hosts, topology: topologyCost, facts, plan: planCost, words, pages: rendered, previewLength: text.length };
}

function timed<T>(work: () => T): [T, number] {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return [value, (user + system) / 1000];
}
