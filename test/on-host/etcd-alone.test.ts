import assert from "node:assert/strict";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** An etcd's gateway: what it is asked stands in `asked`; it answers no path that contains the word in `refuses`. */
const curl = `#!/bin/bash
for url; do :; done
printf '%s\\n' "$url $*" >>$RKE_DR_STATE/asked
[[ $url != *"$(cat $RKE_DR_STATE/refuses)"* ]] || exit 22
case $url in
  */lease/grant) echo '{"header":{"revision":"7"},"ID":"7587848390","TTL":"60"}' ;;
  *) echo '{"header":{"revision":"7"}}' ;;
esac
`;

describe("a write and a read where etcd is alone", () => {
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n", refuses: "nothing\n" }, { curl });
  const step = (name: "first-write" | "verify") =>
    host.step(
      [name, 2, 1, "failover", "lab", "etcd", "https://10.0.0.3:2379"],
      // what stays refused isn't asked for a minute
      stepScript(name, { runtime: "systemd", installer: "unit" }).replaceAll("until_true 60", "until_true 0"),
    );
  const paths = () =>
    host
      .read("asked")
      .split("\n")
      .map((line) => /\/v3\/(\S+)/.exec(line)?.[1])
      .filter(Boolean);

  it("the first write grants a lease and revokes the same, puts no key, and tells return guards of the epoch", () => {
    const result = step("first-write");
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(paths(), ["lease/grant", "lease/revoke"]);
    assert.match(host.read("asked"), /lease\/revoke .*\{"ID":"7587848390"\}/);
    assert.equal(host.read("serves"), "2\n");
    assert.match(result.stdout, /"acceptedAt":"\d+"/);
  });

  it("the check at the end writes, and reads with a majority", () => {
    const result = step("verify");
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(paths(), ["lease/grant", "lease/revoke", "kv/range"]);
    assert.doesNotMatch(host.read("asked"), /serializable/);
  });

  for (const [refused, said] of [
    ["lease/grant", /etcd: https:\/\/10\.0\.0\.3:2379 refuses a write/],
    ["lease/revoke", /refuses a write/],
    ["kv/range", /answers no linearizable read/],
  ] as const) {
    it(`an etcd that refuses ${refused} ends the check by name`, () => {
      host.write("refuses", `${refused}\n`);
      const result = step("verify");
      assert.equal(result.status, 1);
      assert.match(result.stderr, said);
      assert.equal(host.has("steps/verify"), false);
    });
  }
});
