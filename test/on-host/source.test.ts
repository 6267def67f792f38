import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { code, stateOfEachTest } from "./host-state";

const peer = "https://192.168.31.101:2380";

const pages = (text: string) => {
  const bytes = Buffer.alloc(8192);
  bytes.write(text, 4096);
  return bytes;
};
const sound = pages(`{"id":1,"peerURLs":["${peer}"]}`);

describe("a restore's source, a snapshot", () => {
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    {
      docker: `#!/bin/sh
echo '{"hash":1,"revision":90,"totalKey":3,"totalSize":8192}'
`,
      // the state's folder is on another file system
      ln: "#!/bin/sh\nexit 1\n",
    },
  );
  function run(path: string) {
    const args = ["source", 2, 1, "failover", "lab", path, "image", peer, 0];
    return host.step(args, [code("lost-side"), code("source")]);
  }
  beforeEach(() => writeFileSync(host.at("s1.db"), sound));

  it("is kept under a name of the act's own, by whatever name it was given", () => {
    symlinkSync("s1.db", host.at("newest.db"));
    const result = run(host.at("newest.db"));
    assert.equal(result.status, 0, result.stderr);
    assert.ok(readFileSync(host.at("epoch-2/snapshot.db")).equals(sound));
  });

  it("that can't be kept whole ends the step, before anything is changed", () => {
    host.program("cp", '#!/bin/sh\nfor to; do :; done\nhead -c 1000 "$2" >"$to"\nexit 1\n');
    const result = run(host.at("s1.db"));
    assert.equal(result.status, 1);
    assert.match(result.stderr, /s1\.db can't be kept as .*snapshot\.db, see above; nothing was changed but/);
    assert.deepEqual([host.has("epoch-2/snapshot.db"), host.has("epoch-2/snapshot.new")], [false, false]);
    assert.equal(host.has("steps/source"), false);
  });
});

describe("a restore's source, a database whose etcd has to be stopped", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    {
      // of containers there is the running etcd; etcdctl reads the revision of whatever is mounted
      docker: `#!/bin/sh
echo "$@" >>$RKE_DR_STATE/docker-ran
case "$*" in
  *ExitCode*) echo 0 ;;
  inspect*) echo running ;;
  run*) echo '{"hash":1,"revision":90,"totalKey":3,"totalSize":8192}' ;;
esac
`,
    },
  );

  /** @param database its bytes; undefined: there is none */
  function run(least: number, database: Buffer | undefined) {
    const snap = host.at("etcd/member/snap");
    mkdirSync(snap, { recursive: true });
    if (database) writeFileSync(join(snap, "db"), database);
    const script = code("source").replaceAll("/var/lib/etcd/", `${host.at("etcd")}/`);
    const args = ["source", 2, 1, "failover", "lab", "data", "image", peer, least];
    const result = host.step(args, [code("lost-side"), script]);
    const acts = host.read("docker-ran").match(/^(stop|start) .*$/gm) ?? [];
    return { code: result.status, said: result.stderr, acts, recorded: host.has("steps/source") };
  }
  for (const least of [0, 90]) {
    it(`that must be at revision ${least} and is at 90 is taken; etcd stays stopped`, () => {
      const result = run(least, sound);
      assert.equal(result.code, 0, result.said);
      assert.deepEqual(result.acts, ["stop -t 60 etcd"]);
      assert.ok(result.recorded);
    });
  }

  for (const [what, least, database, said] of [
    ["older than a snapshot", 91, sound, /this host's etcd is at revision 90, a snapshot at 91 is newer/],
    ["empty", 0, undefined, /db is missing or empty/],
    ["cut", 0, sound.subarray(0, 5000), /db is cut: 5000 bytes are neither a database nor a snapshot/],
    [
      "another cluster's",
      0,
      pages('{"id":1,"peerURLs":["https://10.0.0.1:2380"]}'),
      /db is another cluster's: none of its members is of this topology: https:\/\/10\.0\.0\.1:2380/,
    ],
  ] as const) {
    it(`that is ${what} is refused by name, what else there is is pointed to, and etcd is started again`, () => {
      const result = run(least, database);
      assert.equal(result.code, 1);
      assert.match(result.said, said);
      assert.match(
        result.said,
        /; nothing was changed but the survivors' epoch; .* name it by recover\.from, with the next epoch/,
      );
      assert.deepEqual(result.acts, ["stop -t 60 etcd", "start etcd"]);
      assert.equal(result.recorded, false);
    });
  }
});

describe("what restores, as an etcd that runs tells it", () => {
  const host = stateOfEachTest({});
  const help = "--data-dir '' Path to the data directory --name 'default'";
  const ahead = `${help} --bump-revision 0 --mark-compacted`;
  const none = "OCI runtime exec failed: exec: executable file not found in $PATH: unknown";
  for (const [what, etcdutl, etcdctl, found] of [
    ["etcd 3.4.14", none, help, "etcdctl\n"],
    ["etcd 3.4.27", none, ahead, "etcdctl ahead\n"],
    ["etcd 3.5.10", ahead, ahead, "etcdutl ahead\n"],
    ["an image of 3.5 without etcdutl", none, ahead, "etcdctl ahead\n"],
    ["etcd 3.6, whose etcdctl lost it", ahead, "Error: unknown command", "etcdutl ahead\n"],
    ["an etcd that has stopped: nothing", "Error: container is not running", "Error: container is not running", ""],
  ] as const) {
    it(what, () => {
      host.program(
        "docker",
        `#!/bin/bash\ncase "$*" in *etcdutl*) echo "${etcdutl}" ;; *) echo "${etcdctl}" ;; esac\n`,
      );
      const result = host.run("bash", ["-ec", `${code("source")}\naside=$RKE_DR_STATE; find_restorer`]);
      assert.equal(result.status, 0, result.stderr);
      assert.equal(host.read("restorer"), found);
    });
  }
});
