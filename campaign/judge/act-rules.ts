/** Rules about acts and the words of the program. */
import { type Command, type History, ofKind } from "./history";
import { isDeadEnd, type Refusal, refusalsIn, stopsIn } from "./words";

const ups = (history: History): Command[] => ofKind(history, "command").filter(({ verb }) => verb === "up");
const nameOf = ({ stack, epoch }: Pick<Command, "stack" | "epoch">): string => `stack ${stack}, epoch ${epoch}`;

/** After a failover the survivors accept a write. */
export function serves(history: History): string[] {
  const writes = ofKind(history, "write");
  return ofKind(history, "act")
    .filter(({ type }) => type === "failover")
    .filter((act) => !writes.some((w) => w.acknowledged && w.side !== history.rules.lost && w.endedAt >= act.at))
    .map((act) => `no write was accepted after the failover of epoch ${act.epoch}`);
}

/** Whatever disturbed an `up`, a later one of the same stack ends it: with its epoch, or with a newer one that supersedes it. */
export function halfWay(history: History): string[] {
  const left = ups(history).filter(
    (up) =>
      (up.disturbed || up.mustEnd) &&
      up.code !== 0 &&
      !ups(history).some(
        (later) => later.at > up.at && later.code === 0 && later.stack === up.stack && later.epoch >= up.epoch,
      ),
  );
  return [...new Set(left.map(nameOf))].map((name) => `begun, and never brought to an end: ${name}`);
}

export function secondUp(history: History): string[] {
  return ofKind(history, "command")
    .filter(({ expectsNoChanges, code }) => expectsNoChanges && code !== 0)
    .map((up) => `${nameOf(up)}: ${changesIn(up.printed)}`);
}

const changesIn = (printed: string): string =>
  printed
    .split("\n")
    .filter((line) => /^\s*(?:[~+-]|\+-|-\+)\s|error:|STOP/.test(line))
    .map((line) => line.trim())
    .slice(0, 4)
    .join("; ") ||
  (printed.trim().split("\n").at(-1) ?? "");

/**
 * A refusal names a command or a deed; and once its operator has done something, the same refusal doesn't come again. Preview's stops are
 * refusals, too. An `up` that was disturbed may fail without a word.
 */
export function refusals(history: History): string[] {
  const told = ofKind(history, "command").filter((c) => refusedBy(c).length > 0);
  const deadEnds = told.flatMap((command) =>
    refusedBy(command)
      .filter(isDeadEnd)
      .map((refusal) => `${nameOf(command)}: no way on is told: ${wordsOf(refusal)}`),
  );
  const again = told.flatMap((command) => {
    const next = ups(history).find((later) => later.at > command.at && later.stack === command.stack);
    const before = refusedBy(command).map(wordsOf);
    return (next ? refusedBy(next) : [])
      .map(wordsOf)
      .filter((words) => before.includes(words))
      .map((words) => `${nameOf(command)}: what it said to do didn't help: ${words}`);
  });
  return [...new Set([...deadEnds, ...again])];
}

const wordsOf = ({ guard, wrong }: Refusal): string => `${guard}: ${wrong}`;
function refusedBy({ verb, code, printed, disturbed, expectsNoChanges }: Command): Refusal[] {
  if (verb === "preview" && code === 0) return stopsIn(printed);
  return (verb === "up" || verb === "preview") && code !== 0 && !disturbed && !expectsNoChanges
    ? refusalsIn(printed)
    : [];
}

/**
 * A Node or a member of etcd that is gone after a failover was named by preview or by a refusal before the act began, on a line that isn't
 * one of a file's diff. What the act says while it runs comes too late.
 */
export function namedBeforehand(history: History): string[] {
  const worlds = ofKind(history, "world");
  const acts = ofKind(history, "act");
  return acts
    .filter(({ type }) => type === "failover")
    .flatMap((act) => {
      const before = worlds.filter(({ at }) => at <= act.at).at(-1);
      const after = worlds.find(({ at }) => at >= act.endedAt);
      if (!before || !after) return [];
      const earlier = Math.max(0, ...acts.filter((other) => other.at < act.at).map(({ endedAt }) => endedAt));
      const told = ofKind(history, "command")
        .filter((c) => c.stack === "failover" && c.at >= earlier && c.endedAt <= act.at)
        .flatMap(({ printed }) => printed.split("\n"))
        .filter((line) => !/^\s*[+-]/.test(line))
        .join("\n");
      const gone = (list: "nodes" | "members", what: string) =>
        before[list]
          .filter((name) => !after[list].includes(name) && !new RegExp(`\\b${name}\\b`).test(told))
          .map(
            (name) => `the failover of epoch ${act.epoch} took ${name} away as ${what}, and no word before it says so`,
          );
      return [...gone("nodes", "a Node"), ...gone("members", "a member of etcd")];
    });
}
