import assert from "node:assert/strict";
import { planFailover } from "../../plan/acts/failover/failover";
import { failoverGuards } from "../../plan/guards/failover";
import { describeFailover } from "../../plan/preview/describe";
import { coloured, usualColumns, wrapped } from "../../plan/preview/layout";
import { afterLossOfA, now } from "./worlds/observations";
import { seed } from "./worlds/topologies";

const told = (more: { confirm?: string; attest?: string }, revisionKnown = true): string => {
  const seen = afterLossOfA(seed(), revisionKnown ? {} : { master3: { newestLease: undefined } });
  const plan = planFailover(
    seed(),
    { lost: "a", epoch: 2, from: "auto", confirm: undefined, attest: undefined, ...more },
    seen,
  );
  return describeFailover(plan, failoverGuards(seed(), plan, seen), ["a note"], now);
};
const ready = { confirm: "a@2", attest: "powered-off@a@2" };

describe("preview begins with the verdict", () => {
  it("names the guards that stop `up`", () =>
    assert.match(told({}), /^REFUSED: 2 guards stop `pulumi up`: confirmation, attestation\n/));
  it("one guard", () => assert.match(told({ confirm: "a@2" }), /^REFUSED: a guard stops `pulumi up`: attestation\n/));
  it("says that nothing stops it, what may be lost, and how far it is to the first write", () =>
    assert.match(
      told(ready),
      /^READY: no guard stops `pulumi up`\nMay be lost: writes after 2026-11-21T11:59:58\.000Z, \d+ s before this look\nHow long: \d+ steps; the API takes writes after the first 5 of them\nFAILOVER: /,
    ));
  it("doesn't guess what may be lost", () =>
    assert.match(told(ready, false), /^May be lost: not known, since the age of master3's data isn't$/m));
});

describe("preview's lines", () => {
  const text = told({});

  it("fit 100 columns with the engine's indent, but for words that can't be cut", () => {
    const long = wrapped(text)
      .split("\n")
      .filter((line) => line.length > usualColumns);
    assert.ok(
      text.split("\n").some((line) => line.length > usualColumns),
      "without it some lines are longer",
    );
    assert.deepEqual(
      long.filter((line) => /\S[ ,]+\S/.test(line.replace(/^\s*(?:[-+]|STOP|ok|note)?\s*/, ""))),
      [],
    );
  });

  it("keep every word, in its order", () => {
    const words = (all: string) => all.replaceAll(/\s+/g, "");
    assert.equal(words(wrapped(text)), words(text));
    assert.equal(words(wrapped(text, 40)), words(text));
  });

  it("aren't broken for a program that reads them", () => assert.equal(wrapped(text, 0), text));

  for (const [what, line, expected] of [
    ["a guard's words go on below themselves", "  STOP  a guard: some words", "  STOP  a guard: some\n          words"],
    [
      "an argument is broken behind a comma",
      "  - --a=https://b:1,https://c:2",
      "  - --a=https://b:1,\n      https://c:2",
    ],
    ["a path stays whole", "  /var/lib/rke-dr/epoch-2/data", "  /var/lib/rke-dr/epoch-2/data"],
  ] as const) {
    it(what, () => assert.equal(wrapped(line, 22), expected));
  }

  it("have colours by the engine's marks, and nothing else is changed", () => {
    const marked = coloured(text);
    assert.match(marked, /^<\{%bold%\}><\{%fg 1%\}>REFUSED<\{%reset%\}>: /);
    assert.match(marked, /^ {2}<\{%bold%\}><\{%fg 1%\}>STOP<\{%reset%\}> {2}confirmation: /m);
    assert.match(marked, /^ {2}<\{%fg 2%\}>ok<\{%reset%\}> {4}epoch: /m);
    assert.match(marked, /^<\{%fg 2%\}> {2}\+ --etcd-servers=.*<\{%reset%\}>$/m);
    assert.equal(marked.replaceAll(/<\{%[^%]*%\}>/g, ""), text);
  });
});
