import assert from "node:assert/strict";
import { ownScript, stateOfEachTest } from "./host-state";

/**
 * An etcd as far as its health and its alarm go: curl asks whether it is healthy, `docker exec` is its etcdctl. It is healthy
 * once there is no file `alarm`.
 */
const etcd = {
  curl: `#!/bin/sh
if [ -e $RKE_DR_STATE/alarm ]; then exit 22; fi
echo '{"health":"true"}'
`,
  docker: `#!/bin/sh
echo "$@" >>$RKE_DR_STATE/docker-ran
case "$*" in
  *status*) echo "[{\\"Status\\":{\\"header\\":{\\"revision\\":90},\\"dbSize\\":$(cat $RKE_DR_STATE/size)$(cat $RKE_DR_STATE/alarm 2>/dev/null)}}]" ;;
  *defrag*) test ! -e $RKE_DR_STATE/no-defrag && echo 20 >$RKE_DR_STATE/size ;;
  *disarm*) rm $RKE_DR_STATE/alarm ;;
esac
`,
};
const nospace = ',"errors":["memberID:1 alarm:NOSPACE "]';
const waits =
  'main() { begin "$@"; until_healthy 3 etcd https://127.0.0.1:2379/health m || die "$(unhealthy 3)"; finish; }';

describe("waiting until a recovered etcd is healthy", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n", size: "100\n" }, etcd);
  const run = () => {
    // its patience is 8 s
    const script = ownScript(waits, "lib/etcd/space").replace("until_true 8 ", "until_true 1 ");
    const result = host.step(["etcd-member", 2, 1, "failover", "lab"], script);
    const asked: string[] = host.read("docker-ran").match(/compact .*|defrag|alarm disarm|status/g) ?? [];
    return { ...result, asked };
  };

  it("asks a healthy etcd nothing more", () => {
    const { status, asked, stderr } = run();
    assert.equal(status, 0, stderr);
    assert.deepEqual(asked, []);
  });

  it("compacts and defragments an etcd whose space is used up, disarms its alarm, and reports each act", () => {
    host.write("alarm", nospace);
    const { status, asked, stdout, stderr } = run();
    assert.equal(status, 0, stderr);
    assert.deepEqual(asked, ["status", "compact --physical=true 90", "defrag", "alarm disarm", "status"]);
    assert.match(stdout, /compacted at revision 90, defragmented from 100 to 20 bytes, the alarm disarmed/);
  });

  it("fails and leaves etcd as it is if it is unhealthy for another reason", () => {
    host.write("alarm", ',"errors":["etcdserver: no leader"]');
    const { status, asked, stderr } = run();
    assert.equal(status, 1);
    assert.match(stderr, /not healthy/);
    assert.deepEqual([...new Set(asked)], ["status"]);
  });

  it("waits no longer for an etcd whose data has the alarm CORRUPT, names it, and leaves it raised", () => {
    host.write("alarm", ',"errors":["memberID:1 alarm:CORRUPT "]');
    const { status, asked, stderr } = run();
    assert.equal(status, 1);
    assert.match(
      stderr,
      /its data has the alarm CORRUPT, .* if it is the right data, `etcdctl alarm disarm` at this etcd/,
    );
    assert.deepEqual(asked, ["status"]);
  });

  it("leaves the alarm if no space can be freed", () => {
    host.write("alarm", nospace);
    host.write("no-defrag", "");
    const { status, asked } = run();
    assert.equal(status, 1);
    assert.ok(!asked.includes("alarm disarm"), asked.join());
  });
});
