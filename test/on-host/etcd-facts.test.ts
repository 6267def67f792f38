import assert from "node:assert/strict";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** A docker whose etcd runs, and answers as the files say; `docker-ran` tells what it was asked. */
const docker = `#!/bin/sh
echo "$@" >>$RKE_DR_STATE/docker-ran
case "$*" in
  *State.Running*) echo true ;;
  *endpoint*status*) cat $RKE_DR_STATE/status ;;
  *registry/leases*) cat $RKE_DR_STATE/leases ;;
  logs*) echo "2026-11-22 C | etcdserver: its last complaint" ;;
esac
`;

describe("a host's facts about its etcd", () => {
  const host = stateOfEachTest({ status: "", leases: "" }, { docker });

  function told() {
    const script = onHostScript("look/facts");
    const result = host.run("bash", ["-s", "--", "2", "1"], script.replaceAll("/var/lib/rke-dr", host.folder));
    const section = (name: string) => new RegExp(`^@@ ${name}\\n([^@]*)`, "m").exec(result.stdout)?.[1]?.trim();
    const asked = host.read("docker-ran").match(/endpoint status/g)?.length;
    return { status: section("status"), leases: section("leases"), etcdlog: section("etcdlog"), asked };
  }
  const status = '[{"Endpoint":"x","Status":{"header":{"revision":7}}}]';

  it("report the status of an etcd that answers", () => {
    host.write("status", status);
    host.write("leases", '{"count":1}');
    assert.deepEqual(told(), { status, leases: '{"count":1}', etcdlog: undefined, asked: 1 });
  });

  it("include the log of a silent etcd, which is asked only once although etcdctl prints an empty list", () => {
    host.write("status", "[]\n");
    assert.deepEqual(told(), {
      status: undefined,
      leases: undefined,
      etcdlog: "2026-11-22 C | etcdserver: its last complaint",
      asked: 1,
    });
  });

  it("are asked for again from an etcd that answers and fails to read: it may have panicked", () => {
    host.write("status", status);
    assert.deepEqual(told(), { status, leases: "", etcdlog: undefined, asked: 2 });
  });
});
