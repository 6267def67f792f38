/**
 * Judges a run by its recorded history alone: pure, without a clock, a host or a file. The rules are issue 22's, and each is a function of
 * the history that returns what was broken, in words.
 */
import { halfWay, namedBeforehand, refusals, secondUp, serves } from "./act-rules";
import { equalMembers, lostWrites, twoSides, unnoticedRevisions } from "./data-rules";
import { type History, ofKind } from "./history";
import { broken, deleted, secrets } from "./trace-rules";

export interface Fault {
  rule: string;
  what: string;
}

export interface Rule {
  name: string;
  check: (history: History) => string[];
}

export const RULES: readonly Rule[] = [
  { name: "no acknowledged write is lost but what was named beforehand", check: lostWrites },
  { name: "no two sides serve writes at once", check: twoSides },
  { name: "members are equal", check: equalMembers },
  { name: "no watcher is led back unnoticed", check: unnoticedRevisions },
  { name: "the cluster serves after an act", check: serves },
  { name: "an act that was begun is ended, superseded or left", check: halfWay },
  { name: "a second up changes nothing", check: secondUp },
  { name: "a refusal names what helps", check: refusals },
  { name: "what an act takes away is named beforehand", check: namedBeforehand },
  { name: "nothing is deleted", check: deleted },
  { name: "no private key is in clear", check: secrets },
  { name: "the run goes on to its end", check: broken },
];

/** All that was broken; none if the run was faultless. */
export const judge = (history: History): Fault[] =>
  RULES.flatMap(({ name, check }) => check(history).map((what) => ({ rule: name, what })));

/**
 * Why a run says nothing of the program, if it doesn't: the machine had no room left, or the run broke before its disaster although every command of
 * the program had succeeded. Such a run isn't counted.
 */
export function notCounted(history: History): string | undefined {
  const [end] = ofKind(history, "broken");
  if (!end) return undefined;
  if (/ENOSPC|No space left on device|Cannot allocate memory|ENOMEM/.test(end.why) && !fullByDesign(history))
    return `the machine: ${end.why}`;
  const struck = ofKind(history, "event").some(({ what }) => what.startsWith("disaster: "));
  const failed = ofKind(history, "command").some(({ code }) => code !== 0);
  return struck || failed ? undefined : `the lab, before the disaster: ${end.why}`;
}
/** A disaster may fill the survivor's disk: then the words are its own. */
const fullByDesign = (history: History): boolean =>
  ofKind(history, "event").some(({ what }) => /^disaster: .*disk full/.test(what));
