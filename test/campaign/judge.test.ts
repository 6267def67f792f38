import assert from "node:assert/strict";
import type { Act, Command, Entry, Heard, History, MemberReading, Write } from "../../campaign/judge/history";
import { judge, notCounted, RULES } from "../../campaign/judge/judge";
import { heardEntries } from "../../campaign/run/clients";

const key = (n: number) => `b-${n}`;
const write = (n: number, at: number, more: Partial<Write> = {}): Write => ({
  kind: "write",
  at,
  endedAt: at + 50,
  client: "b",
  n,
  acknowledged: true,
  side: "b",
  revision: 100 + n,
  ...more,
});
const up = (at: number, more: Partial<Command> = {}): Command => ({
  kind: "command",
  at,
  endedAt: at + 9_000,
  stack: "failover",
  epoch: 2,
  verb: "up",
  line: "pulumi up --yes --stack failover",
  code: 0,
  printed: "",
  ...more,
});
const member = (host: string, more: Partial<MemberReading> = {}): MemberReading => ({
  kind: "member",
  at: 95_000,
  reading: "after the failback",
  host,
  revision: 900,
  compactRevision: 500,
  hash: 77,
  learner: false,
  ...more,
});
const heard = (at: number, event: Heard["event"], revision: number | undefined, ...keys: string[]): Heard => ({
  kind: "heard",
  at,
  watcher: "informer",
  event,
  ...(revision === undefined ? {} : { revision }),
  keys,
});
const failover: Act = {
  kind: "act",
  at: 40_000,
  endedAt: 49_000,
  type: "failover",
  epoch: 2,
  method: "forceNewCluster",
  source: "master3",
  dataAsOf: 20_000,
  hosts: ["master1", "master2"],
};
const failback: Act = {
  kind: "act",
  at: 70_000,
  endedAt: 80_000,
  type: "failback",
  epoch: 3,
  hosts: ["master1", "master2"],
};

const stop = (wrong: string, ...ways: string[]) =>
  [
    "    error: nothing was changed",
    "    Guards: 1 stop `pulumi up`",
    `      STOP  attestation: ${wrong}`,
    ...ways.map((w) => `              ${w}`),
  ].join("\n");
const refused = (at: number, printed: string, more: Partial<Command> = {}) =>
  up(at, { endedAt: at + 1_000, code: 255, printed, ...more });
const attest = "`pulumi config set attest powered-off@a@2 --stack failover`";

/** A run without a fault: power is lost at 21 s, one write after "data as of T" is lost with it, a is back at 60 s. */
function faultless(): Entry[] {
  return [
    ...[1, 2, 3].map((n) => write(n, n * 1_000)),
    // acknowledged by the lost majority alone, after what the survivor has: the failover says so by its T
    write(4, 20_500, { side: "a" }),
    write(5, 30_000, { acknowledged: false }),
    ...[6, 7].map((n) => write(n, n * 10_000 - 10_000)),
    write(8, 90_000),
    heard(500, "list", 100),
    ...[1, 2, 3].map((n) => heard(n * 1_000, "add", 100 + n, key(n))),
    heard(50_000, "expired", undefined),
    heard(50_100, "list", 105, ...[1, 2, 3, 6].map(key)),
    heard(60_000, "add", 107, key(7)),
    heard(90_000, "add", 108, key(8)),
    { kind: "world", at: 10_000, nodes: ["master1", "master3"], members: ["master1", "master3"] },
    { kind: "holding", at: 10_000, host: "master3", things: { "inode 5": "/var/lib/etcd/member" } },
    { kind: "event", at: 21_000, what: "disaster: power" },
    up(35_000, { endedAt: 35_900, verb: "preview", printed: "Hosts removed\n  master1\n  master2" }),
    refused(36_000, stop('rke-dr:attest: must be "powered-off@a@2": not set', `Once they are: ${attest}`)),
    up(40_000),
    failover,
    { kind: "world", at: 50_000, nodes: ["master3"], members: ["master3"] },
    {
      kind: "holding",
      at: 50_000,
      host: "master3",
      things: { "inode 5": "/var/lib/etcd/before-epoch-2/member", "inode 6": "/var/lib/etcd/member" },
    },
    up(51_000, { expectsNoChanges: true }),
    up(70_000, { stack: "primary", epoch: 3 }),
    failback,
    member("master1"),
    member("master3"),
    { kind: "present", at: 96_000, side: "b", keys: [1, 2, 3, 6, 7, 8].map(key) },
  ];
}

const history = (entries: Entry[], rules: Partial<History["rules"]> = {}): History => ({
  rules: { lost: "a", returnGuard: "on", ...rules },
  entries: [...entries].sort((x, y) => x.at - y.at),
});
const without = (entries: Entry[], ...drop: ((entry: Entry) => boolean)[]) =>
  entries.filter((entry) => !drop.some((is) => is(entry)));
const changed = <K extends Entry["kind"]>(
  kind: K,
  change: Partial<Extract<Entry, { kind: K }>>,
  which: (e: Extract<Entry, { kind: K }>) => boolean = () => true,
) =>
  faultless().map((entry) =>
    entry.kind === kind && which(entry as Extract<Entry, { kind: K }>) ? { ...entry, ...change } : entry,
  );
const present = (...numbers: number[]) =>
  without(changed("present", { keys: numbers.map(key) }), (e) => e.kind === "heard");

/** One fault each: rule, the fault, what the judge must say, and the history. */
const faults: [rule: string, what: string, says: RegExp, history: History][] = [
  [
    "no acknowledged write is lost but what was named beforehand",
    "a write from before T is lost",
    /b-3/,
    history(present(1, 2, 6, 7, 8)),
  ],
  [
    "no acknowledged write is lost but what was named beforehand",
    "a write of the time after the failover is lost",
    /b-7/,
    history(present(1, 2, 3, 6, 8)),
  ],
  [
    "no acknowledged write is lost but what was named beforehand",
    "a write is lost, and the failover names no T",
    /b-3/,
    history(
      without(
        changed("act", { dataAsOf: undefined }, (a) => a.type === "failover"),
        (e) => e.kind === "heard",
      ).map((e) => (e.kind === "present" ? { ...e, keys: [1, 2, 6, 7, 8].map(key) } : e)),
    ),
  ],
  [
    "no acknowledged write is lost but what was named beforehand",
    "a write is lost that is after T, but older than one that survived",
    /although newer ones survived: 1: b-9/,
    history(
      [...faultless(), write(9, 21_000), write(10, 22_000)]
        .map((e) => (e.kind === "present" ? { ...e, keys: [...e.keys, "b-10"] } : e))
        .filter((e) => e.kind !== "heard"),
    ),
  ],
  [
    "no acknowledged write is lost but what was named beforehand",
    "the lost side served while the survivors were dark, and the failback doesn't say so",
    /a-1/,
    history(
      [...faultless(), write(1, 65_000, { client: "a", side: "a" })]
        .filter((e) => !(e.kind === "write" && e.n === 7))
        .map((e) => (e.kind === "present" ? { ...e, keys: [1, 2, 3, 6, 8].map(key) } : e))
        .filter((e) => e.kind !== "heard"),
    ),
  ],
  [
    "no two sides serve writes at once",
    "the lost side accepts writes after a force, beside the survivors",
    /epoch 2 .* a-1/,
    history(
      [
        ...faultless(),
        write(1, 60_500, { client: "a", side: "a" }),
        write(9, 61_000),
        // otherwise the loss alone would be told
        up(69_000, { verb: "preview", stack: "primary", epoch: 3, printed: "a HAS WRITES THAT THE CLUSTER LACKS: x" }),
      ]
        .map((e) => (e.kind === "present" ? { ...e, keys: [...e.keys, "b-9"] } : e))
        .filter((e) => e.kind !== "heard"),
    ),
  ],
  [
    "members are equal",
    "two members' hashes differ",
    /master1 78 .* master3 77/,
    history(changed("member", { hash: 78 }, (m) => m.host === "master1")),
  ],
  [
    "members are equal",
    "a member is behind",
    /revision 899/,
    history(changed("member", { revision: 899 }, (m) => m.host === "master1")),
  ],
  [
    "no watcher is led back unnoticed",
    "a watcher hears of an older revision without a new list",
    /heard of revision 107 after 900/,
    history([...faultless(), heard(59_000, "add", 900, key(6))]),
  ],
  [
    "no watcher is led back unnoticed",
    "a watcher never gets its 410 and misses what is new",
    /never heard of keys that are there: 1: b-6/,
    history(
      without(
        faultless(),
        (e) => e.kind === "heard" && (e.event === "expired" || (e.event === "list" && e.at > 1_000)),
      ),
    ),
  ],
  [
    "no watcher is led back unnoticed",
    "a watcher goes on with what is lost",
    /still believes in keys that are gone: 1: b-4/,
    history([...faultless(), heard(50_200, "add", 106, key(4))]),
  ],
  [
    "the cluster serves after an act",
    "no write is accepted after the failover",
    /epoch 2/,
    history(
      without(
        changed("present", { keys: [1, 2, 3].map(key) }),
        (e) => e.kind === "heard",
        (e) => e.kind === "write" && e.at > 40_000,
      ),
    ),
  ],
  [
    "an act that was begun is ended, superseded or left",
    "an `up` was killed, and the run of the next stack is the last",
    /stack failover, epoch 2/,
    history(
      without(
        changed("command", { code: 137, disturbed: true }, (c) => c.at === 40_000),
        (e) => e.kind === "command" && e.at === 51_000,
      ),
    ),
  ],
  [
    "a second up changes nothing",
    "a second `up` replaces a step",
    /~ +.*master3-rke-up/,
    history(
      changed(
        "command",
        { code: 255, printed: " ~  command:remote:Command master3-rke-up update" },
        (c) => c.expectsNoChanges === true,
      ),
    ),
  ],
  [
    "a refusal names what helps",
    "a refusal without a way on",
    /no way on is told: attestation: certificates/,
    history(changed("command", { printed: stop("certificates: must be valid: expired") }, (c) => c.at === 36_000)),
  ],
  [
    "a refusal names what helps",
    "a refusal whose way on leads to the same refusal",
    /didn't help: attestation: rke-dr:attest/,
    history([
      ...faultless(),
      refused(38_000, stop('rke-dr:attest: must be "powered-off@a@2": not set', `Once they are: ${attest}`)),
    ]),
  ],
  [
    "a refusal names what helps",
    "preview's stop comes again although its operator did what it says",
    /didn't help: attestation: rke-dr:attest/,
    history(
      changed(
        "command",
        {
          printed: `Hosts removed\n  master1\n  master2\n${stop('rke-dr:attest: must be "powered-off@a@2": not set', `Once they are: ${attest}`)}`,
        },
        (c) => c.verb === "preview",
      ),
    ),
  ],
  [
    "a refusal names what helps",
    "a preview that fails without a way on",
    /no way on is told: step: error: unable to replace resource/,
    history([
      ...faultless(),
      refused(69_000, "    error: unable to replace resource", { verb: "preview", stack: "primary", epoch: 3 }),
    ]),
  ],
  [
    "a refusal names what helps",
    "a step's error without a way on",
    /no way on is told: step: error: command exited with 1/,
    history([...faultless(), refused(39_000, "    error: command exited with 1")]),
  ],
  [
    "what an act takes away is named beforehand",
    "a worker's Node goes, and only a file's diff names it",
    /took node2 away as a Node/,
    history(
      faultless().map((e) =>
        e.kind === "world" && e.at === 10_000
          ? { ...e, nodes: [...e.nodes, "node2"] }
          : e.kind === "command" && e.verb === "preview"
            ? { ...e, printed: `${e.printed}\n  - hostname_override: node2` }
            : e,
      ),
    ),
  ],
  [
    "what an act takes away is named beforehand",
    "a member of etcd goes, and only the act itself says so while it runs",
    /took master9 away as a member/,
    history(
      changed("world", { members: ["master1", "master3", "master9"] }, (w) => w.at === 10_000).map((e) =>
        e.kind === "command" && e.at === 40_000 ? { ...e, printed: "master9 is not in the topology: it leaves" } : e,
      ),
    ),
  ],
  [
    "what an act takes away is named beforehand",
    "a member of etcd goes unnamed",
    /took master9 away as a member/,
    history(changed("world", { members: ["master1", "master3", "master9"] }, (w) => w.at === 10_000)),
  ],
  [
    "nothing is deleted",
    "the old data is gone",
    /master3: \/var\/lib\/etcd\/member is gone/,
    history(changed("holding", { things: { "inode 6": "/var/lib/etcd/member" } }, (h) => h.at === 50_000)),
  ],
  [
    "no private key is in clear",
    "a log holds a key",
    /var\/log/,
    history([...faultless(), { kind: "secret", at: 1, where: "master3: /var/log/x" }]),
  ],
  [
    "the run goes on to its end",
    "the run ends early",
    /no quorum/,
    history([...faultless(), { kind: "broken", at: 1, why: "no quorum within 120 s" }]),
  ],
];

describe("the judge of a campaign's run", () => {
  it("finds nothing in a faultless history", () => assert.deepEqual(judge(history(faultless())), []));

  for (const [rule, what, says, made] of faults) {
    it(`catches, by its rule alone: ${what}`, () => {
      const found = judge(made);
      assert.deepEqual([...new Set(found.map((f) => f.rule))], [rule], JSON.stringify(found));
      assert.match(found.map((f) => f.what).join("\n"), says);
    });
  }

  it("has a made-up history with a fault for each of its rules", () =>
    assert.deepEqual(
      RULES.map(({ name }) => name).filter((name) => !faults.some(([rule]) => rule === name)),
      [],
    ));

  const fine: [what: string, history: History][] = [
    ["an empty history", history([])],
    [
      "two sides that serve after a restore whose preview said so",
      history(
        [
          ...changed("act", { method: "restore" }, (a) => a.type === "failover"),
          write(1, 60_500, { client: "a", side: "a" }),
          write(9, 61_000),
          up(35_500, {
            verb: "preview",

            printed: "both clusters go on, apart. What is written to theirs alone is lost at failback",
          }),
        ]
          .map((e) => (e.kind === "present" ? { ...e, keys: [...e.keys, "b-9"] } : e))
          .filter((e) => e.kind !== "heard"),
        { returnGuard: "off" },
      ),
    ],
    [
      "an old API server that writes to the survivors' etcd",
      history(
        [...faultless(), write(1, 60_500, { client: "a", side: "a" })]
          .map((e) => (e.kind === "present" ? { ...e, keys: [...e.keys, "a-1"] } : e))
          .filter((e) => e.kind !== "heard"),
      ),
    ],
    [
      "an `up` that was killed, and superseded by the next epoch",
      history([...faultless(), refused(38_000, "", { code: 137, disturbed: true, epoch: 1 })]),
    ],
    [
      "members that are compacted at different revisions, whose hashes say nothing of each other",
      history(changed("member", { hash: 78, compactRevision: 400 }, (m) => m.host === "master1")),
    ],
    [
      "a watcher that lists again at an older revision",
      history(
        [...faultless(), heard(58_000, "list", 90, ...[1, 2, 3, 6].map(key))].map((e) =>
          e.kind === "heard" && e.at > 58_000 ? { ...e, revision: (e.revision ?? 0) - 10 } : e,
        ),
      ),
    ],
  ];
  for (const [what, made] of fine) it(`passes ${what}`, () => assert.deepEqual(judge(made), []));
});

describe("a campaign's run that isn't counted", () => {
  const broken = (why: string): Entry => ({ kind: "broken", at: 99_000, why });
  const peace = faultless().filter((e) => e.at < 20_000);
  for (const [what, entries, reason] of [
    ["goes on to its end", faultless(), undefined],
    [
      "breaks after its disaster",
      [...faultless(), broken("master1: quarantine after epoch 2: not within 120 s")],
      undefined,
    ],
    [
      "breaks before its disaster, at a command of the program",
      [...peace, refused(5_000, "error"), broken("x")],
      undefined,
    ],
    [
      "breaks before its disaster, at the lab",
      [...peace, broken("host master1: did not start")],
      /^the lab, before the disaster: host master1/,
    ],
    [
      "ends with the machine's last byte",
      [...faultless(), broken("ENOSPC: no space left on device, write")],
      /^the machine: ENOSPC/,
    ],
    [
      "fills the survivor's disk by its own disaster",
      [
        ...faultless(),
        { kind: "event", at: 21_500, what: "disaster: power, and the survivor's disk full" } as Entry,
        broken("etcdctl: No space left on device"),
      ],
      undefined,
    ],
  ] as const) {
    it(`${reason ? "is" : "isn't"} one that ${what}`, () => {
      const found = notCounted(history([...entries]));
      if (reason) assert.match(found ?? "", reason);
      else assert.equal(found, undefined);
    });
  }
});

describe("what an informer heard, for the judge", () => {
  const told = (revision: number) =>
    heardEntries("informer", [
      { at: 1, event: "list", names: ["a-1", "kube-root-ca.crt"], revision: 100 },
      { at: 1, event: "add", name: "a-1" },
      { at: 2, event: "add", name: "a-2", revision: 101 },
      { at: 3, event: "delete", name: "other", revision: 102 },
      { at: 4, event: "add", name: "b-3", revision },
    ]);

  it("has the revisions of lists and changes, and the campaign's own keys alone", () => {
    assert.deepEqual(
      told(103).map((e) => (e.kind === "heard" ? [e.event, e.keys, e.revision] : [])),
      [
        ["list", ["a-1"], 100],
        ["add", ["a-1"], undefined],
        ["add", ["a-2"], 101],
        ["add", ["b-3"], 103],
      ],
    );
  });

  it("makes the rule of watchers fire if revisions go back", () => {
    const rule = "no watcher is led back unnoticed";
    const faults = (revision: number) => judge(history(told(revision))).filter((f) => f.rule === rule);
    assert.deepEqual(faults(103), []);
    assert.deepEqual(faults(90), [{ rule, what: "informer heard of revision 90 after 101, without a new list" }]);
  });
});
