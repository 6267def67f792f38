import assert from "node:assert/strict";
import { onHostScript } from "../../on-host";
import { compareLogs } from "../../plan/etcd/sources";
import { type LogEnd, parseFacts } from "../../plan/facts/facts";
import { describeWithEtcd, killAll, type Member, post, serves, threeMembers } from "./etcd-processes";
import { stateOfEachTest } from "./host-state";

describeWithEtcd("the ends of members' WALs", function () {
  this.timeout(120_000);
  const host = stateOfEachTest({}, { docker: "#!/bin/sh\nexit 1\n", curl: "#!/bin/sh\nexit 1\n" });

  /** As a look at the member's host reports it. */
  function endOf(data: string, logs = "logs"): LogEnd | undefined {
    const script = onHostScript("look/facts")
      .replaceAll("/var/lib/rke-dr", host.folder)
      .replaceAll("/var/lib/etcd", data);
    const { stdout } = host.run("bash", ["-s", "--", "2", "1", "", "", "", "", logs], script);
    return parseFacts("host", stdout, 0, () => ({ certificates: [], unreadableCertificates: [] })).logEnd;
  }
  const put = ({ client }: Member, key: string) =>
    post(client, "/v3/kv/put", { key: Buffer.from(key).toString("base64"), value: "eA==" });

  it("show which of two members has every acknowledged write, also while etcd runs, and after kill -9", async () => {
    const members = await threeMembers("etcd", host.at("etcd"), [
      "--heartbeat-interval=100",
      "--election-timeout=1000",
    ]);
    const [first, behind, other] = members;
    try {
      await put(first, "all-have-it");
      // it answers nobody from here on, and the other two are a majority
      behind.process.kill("SIGSTOP");
      await serves(other.client);
      for (let i = 0; i < 5; i++) await put(other, `without-${i}`);
      const running = endOf(other.data);
      assert.ok(running && "index" in running, JSON.stringify(running));
    } finally {
      await killAll(members.map((m) => m.process));
    }
    const [old, newest] = [endOf(behind.data), endOf(other.data)];
    assert.ok(old && newest && "index" in old && "index" in newest, JSON.stringify([old, newest]));
    assert.ok(newest.index >= old.index + 5, JSON.stringify([old, newest]));
    const source = (logEnd: LogEnd) => ({ logEnd }) as Parameters<typeof compareLogs>[0];
    assert.ok(compareLogs(source(newest), source(old)) > 0);
  });

  it("aren't read if nobody asks for them, and a host without a WAL has none", () => {
    assert.equal(endOf(host.at("nothing-here")), undefined);
    assert.equal(endOf(host.at("nothing-here"), ""), undefined);
  });

  it("are told to be unreadable if the file is another than etcd's", () => {
    host.run("bash", [
      "-c",
      `mkdir -p ${host.at("d/member/wal")} && echo no >${host.at("d/member/wal/0000000000000000-0000000000000000.wal")}`,
    ]);
    assert.match(JSON.stringify(endOf(host.at("d"))), /"unreadable":".*wal/);
  });
});
