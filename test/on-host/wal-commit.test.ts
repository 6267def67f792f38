import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";
import { sound, type WalRecord, walBytes, walEnd } from "./wal";

const name = "0000000000000001-0000000000000065.wal";
const text = (bytes: number): Buffer => Buffer.alloc(bytes, "x");

describe("the commit index in a WAL", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({});
  const wal = () => host.at("member/wal", name);
  const put = (bytes: Buffer) => {
    mkdirSync(host.at("member/wal"), { recursive: true });
    writeFileSync(wal(), bytes);
  };
  /** As the steps call it; then the file's bytes. */
  const commit = (bytes: Buffer) => {
    put(bytes);
    const script = `set -Eeuo pipefail; export LC_ALL=C\n${onHostScript("lib/etcd/commit")}\nif commit_all ${host.at("member/wal")}; then echo "raised $newly_committed of $last_entry, end $wal_end"; else echo "refused: $why"; fi`;
    const { status, stdout, stderr } = host.run("bash", ["-c", script]);
    assert.equal(status, 0, stderr);
    return { said: stdout.trim(), after: readFileSync(wal()) };
  };
  const padded = (bytes: Buffer, size = 65536) =>
    Buffer.concat([bytes, Buffer.alloc(Math.max(0, size - bytes.length))]);

  it("is raised to the last entry by one record that follows in the chain of checksums, whatever the records before it", () => {
    const record = fc.record({ bytes: fc.nat(3000), term: fc.nat(300), gap: fc.nat(5), preallocated: fc.nat(40_000) });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), (records) => {
        let [index, term] = [2 ** 20, 1];
        const all: WalRecord[] = [{ state: [1, index - 5] }];
        for (const r of records) {
          index += 1;
          term += r.term;
          all.push({ entry: [index, term, text(r.bytes)] });
          if (r.gap > 0) all.push({ state: [term, index - r.gap] });
        }
        const before = walBytes(all);
        const { said, after } = commit(padded(before, before.length + (records[0]?.preallocated ?? 0)));
        const end = walEnd(host.folder);
        assert.match(said, /^raised [1-9]/);
        assert.deepEqual([end.commit, end.lastEntry, end.lastTerm], [index, index, term]);
        assert.ok(after.subarray(0, before.length).equals(before) && sound(after));
      }),
      { numRuns: 20 },
    );
  });

  it("isn't raised if the last entry is committed, and the file isn't written to", () => {
    const before = padded(walBytes([{ entry: [101, 3, text(9)] }, { state: [3, 101] }]));
    const { said, after } = commit(before);
    assert.match(said, /^raised 0 of 101/);
    assert.ok(after.equals(before));
  });

  it("is raised in a file just begun to the entry before the index in the file's name", () => {
    assert.match(commit(padded(walBytes([{ state: [3, 99] }]))).said, /^raised 1 of 100,/);
    assert.equal(walEnd(host.folder).commit, 100);
  });

  it("is raised to the last whole entry if etcd was killed while writing another, which is cut off as by etcd's own repair", () => {
    const whole = walBytes([{ state: [3, 100] }, { entry: [101, 3, text(700)] }]);
    const all = walBytes([{ state: [3, 100] }, { entry: [101, 3, text(700)] }, { entry: [102, 3, text(9000)] }]);
    const { said, after } = commit(padded(all.subarray(0, 4096)));
    assert.match(said, /^raised 1 of 101,/);
    assert.ok(after.subarray(0, whole.length).equals(whole) && sound(after));
    assert.match(commit(all.subarray(0, 4096)).said, /^raised 1 of 101,/, "a file that isn't made ahead");
  });

  it("is raised to an entry that has a sector of zeros and is whole", () => {
    const zeros = walBytes([{ state: [3, 100] }, { entry: [101, 3, Buffer.alloc(5000)] }]);
    assert.match(commit(padded(zeros)).said, /^raised 1 of 101,/);
  });

  for (const [what, make, said] of [
    [
      "whose records are no records",
      () => padded(Buffer.from("not a WAL, whatever its name says")),
      /isn't as etcd writes it, at byte 0/,
    ],
    [
      "with another byte in a record's head",
      () => {
        const bytes = walBytes([{ state: [3, 100] }, { entry: [101, 3, text(700)] }, { entry: [102, 3, text(9)] }]);
        bytes[bytes.indexOf(Buffer.alloc(300, "x")) - 28] = 0x77;
        return padded(bytes);
      },
      /isn't as etcd writes it|can't be read/,
    ],
    [
      "without a HardState",
      () => padded(walBytes([{ entry: [101, 3, text(9)] }])),
      /has no HardState, so its commit index isn't known/,
    ],
    ["that is empty", () => Buffer.alloc(0), /has no HardState/],
  ] as const) {
    it(`isn't raised in a file ${what}: the file is refused by name and stays as it was`, () => {
      const before = make();
      const result = commit(before);
      assert.match(result.said, said);
      assert.match(result.said, /^refused: /);
      assert.ok(result.after.equals(before));
    });
  }

  it("is raised in a file of 64 MB with 110,000 entries within seconds", () => {
    const records: WalRecord[] = [{ state: [3, 100] }];
    for (let i = 1; i <= 110_000; i++) records.push({ entry: [100 + i, 3, text(500)] });
    const bytes = padded(walBytes(records), 64_000_000);
    const begun = Date.now();
    assert.match(commit(bytes).said, /^raised 110000 of 110100,/);
    assert.ok(Date.now() - begun < 30_000, `${Date.now() - begun} ms`);
  });
});
