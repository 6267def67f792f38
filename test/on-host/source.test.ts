import assert from "node:assert/strict";
import { linkSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { onHostScript, onHostText } from "../../on-host";
import { stateOfEachTest } from "./host-state";

const peer = "https://192.168.31.101:2380";

const pages = (text: string) => {
  const bytes = Buffer.alloc(8192);
  bytes.write(text, 4096);
  return bytes;
};
const sound = pages(`{"id":1,"peerURLs":["${peer}"]}`);

/** Of the new cluster: member, peer URL, token, and how far the revision is put ahead. */
const as = ["etcd-h", peer, "token-2", 1000];
/** etcd 3.4 in its image: `snapshot restore` and, of what it has made or of what is mounted, `snapshot status`. */
const etcdctl = `  *etcdutl*) echo "exec: etcdutl: executable file not found"; exit 1 ;;
  *--bump-revision*) echo "Error: unknown flag: --bump-revision"; exit 1 ;;
  *snapshot\\ restore*) mkdir -p $RKE_DR_STATE/etcd/restore-epoch-2/member/snap; echo restored >$RKE_DR_STATE/etcd/restore-epoch-2/member/snap/db ;;
  *snapshot\\ status*) echo '{"hash":1,"revision":90,"totalKey":3,"totalSize":8192}' ;;
`;

describe("a snapshot as a restore's source", () => {
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    {
      docker: `#!/bin/sh\ncase "$*" in\n${etcdctl}esac\n`,
      // the state's folder is on another file system
      ln: "#!/bin/sh\nexit 1\n",
    },
  );
  it("is kept again if a killed run has already kept it by a link", () => {
    mkdirSync(host.at("epoch-2"));
    linkSync(host.at("s1.db"), host.at("epoch-2/snapshot.db"));
    host.run("rm", [host.at("ln")]);
    const result = run(host.at("s1.db"));
    assert.equal(result.status, 0, result.stderr);
    assert.ok(readFileSync(host.at("epoch-2/snapshot.db")).equals(sound));
  });
  function run(path: string) {
    return host.etcdStep(["source", 2, 1, "failover", "lab", path, "image", peer, 0, ...as]);
  }
  beforeEach(() => {
    mkdirSync(host.at("etcd"));
    writeFileSync(host.at("s1.db"), sound);
  });

  it("is kept under the act's own name, whatever its file's name was", () => {
    symlinkSync("s1.db", host.at("newest.db"));
    const result = run(host.at("newest.db"));
    assert.equal(result.status, 0, result.stderr);
    assert.ok(readFileSync(host.at("epoch-2/snapshot.db")).equals(sound));
    assert.equal(host.read("etcd/restored-epoch-2/member/snap/db"), "restored\n");
  });

  it("is read although its path has a colon, which docker can't mount", () => {
    const refusal = `*-v\\ *T12:00:00Z*) echo "docker: invalid volume specification"; exit 125 ;;\n`;
    host.program("docker", `#!/bin/sh\ncase "$*" in\n${refusal}${etcdctl}esac\n`);
    host.run("mv", [host.at("s1.db"), host.at("2026-11-21T12:00:00Z_etcd")]);
    const result = run(host.at("2026-11-21T12:00:00Z_etcd"));
    assert.equal(result.status, 0, result.stderr);
    assert.ok(readFileSync(host.at("epoch-2/snapshot.db")).equals(sound));
  });

  it("isn't kept if it can't be read, and is named by its own path", () => {
    host.program("docker", `#!/bin/sh\ncase "$*" in\n*status*) echo "Error: bad"; exit 1 ;;\n${etcdctl}esac\n`);
    const result = run(host.at("s1.db"));
    assert.equal(result.status, 1);
    assert.match(result.stderr, /\/s1\.db can't be read, it is damaged: Error: bad; nothing was changed but/);
    assert.equal(host.has("epoch-2/snapshot.db"), false);
  });

  it("ends the step before any change if etcdctl can't restore it", () => {
    host.program(
      "docker",
      `#!/bin/sh\ncase "$*" in\n*etcdctl*restore*) echo "Error: expected sha256 [1], got [2]"; exit 1 ;;\n${etcdctl}esac\n`,
    );
    const result = run(host.at("s1.db"));
    assert.equal(result.status, 1);
    assert.match(result.stderr, /etcdctl can't restore .*: Error: expected sha256 .*; nothing was changed but/);
    assert.deepEqual([host.has("etcd/restored-epoch-2"), host.has("steps/source")], [false, false]);
  });

  it("ends the step before any change if it can't be kept whole", () => {
    host.program("cp", '#!/bin/sh\nfor to; do :; done\nhead -c 1000 "$2" >"$to"\nexit 1\n');
    const result = run(host.at("s1.db"));
    assert.equal(result.status, 1);
    assert.match(result.stderr, /s1\.db can't be kept as .*snapshot\.db, see above; nothing was changed but/);
    assert.deepEqual([host.has("epoch-2/snapshot.db"), host.has("epoch-2/snapshot.new")], [false, false]);
    assert.equal(host.has("steps/source"), false);
  });
});

describe("etcd's database as a restore's source", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    {
      // of containers there is etcd alone
      docker: `#!/bin/sh
echo "$@" >>$RKE_DR_STATE/docker-ran
case "$*" in
  *ExitCode*) echo 0 ;;
  inspect*) cat $RKE_DR_STATE/etcd-is ;;
${etcdctl}esac
`,
    },
  );
  const db = () => host.at("etcd/member/snap/db");

  /**
   * @param database its bytes; undefined: there is none
   * @param etcd what docker says of it; one that restarts over and over has to be stopped for its database
   */
  function run(
    least: number,
    database: Buffer | undefined,
    etcd: "running" | "restarting" = "restarting",
    from = "data",
  ) {
    mkdirSync(host.at("etcd/member/snap"), { recursive: true });
    host.write("etcd-is", `${etcd}\n`);
    if (database) {
      writeFileSync(db(), database);
      utimesSync(db(), 1_700_000_000, 1_700_000_000);
    }
    const args: ["source", ...(string | number)[]] = [
      "source",
      2,
      1,
      "failover",
      "lab",
      from,
      "image",
      peer,
      least,
      ...as,
    ];
    const result = host.etcdStep(args);
    const acts = host.read("docker-ran").match(/^(stop|start) .*$/gm) ?? [];
    return { code: result.status, said: result.stderr, acts, recorded: host.has("steps/source") };
  }
  for (const least of [0, 90]) {
    it(`is taken at revision 90 if ${least} is required, and an etcd that isn't up stays stopped`, () => {
      const result = run(least, sound);
      assert.equal(result.code, 0, result.said);
      assert.deepEqual(result.acts, ["stop -t 60 etcd"]);
      assert.ok(result.recorded);
    });
  }

  it("is restored beside an etcd that runs and doesn't write to it", () => {
    const result = run(90, sound, "running");
    assert.equal(result.code, 0, result.said);
    assert.deepEqual(result.acts, []);
    assert.match(host.read("docker-ran"), /snapshot restore \/source\.db .*--skip-hash-check --name etcd-h /);
    assert.equal(host.read("etcd/restored-epoch-2/member/snap/db"), "restored\n");
    assert.match(host.read("epoch-2/database"), /^1700000000\.0+ 8192\n$/);
  });

  it("is restored beside an etcd that could give a snapshot, too: one copy instead of two", () => {
    mkdirSync(host.at("epoch-2"));
    host.write("epoch-2/snapshot.db", "of a run that was killed");
    const result = run(90, sound, "running", "live");
    assert.equal(result.code, 0, result.said);
    assert.deepEqual(result.acts, []);
    assert.doesNotMatch(host.read("docker-ran"), /snapshot save/);
    assert.equal(host.read("etcd/restored-epoch-2/member/snap/db"), "restored\n");
    assert.deepEqual([host.has("epoch-2/database"), host.has("epoch-2/snapshot.db")], [true, false]);
  });

  /** While it is restored from, a command runs. */
  const meanwhile = (command: string) =>
    host.program("docker", host.read("docker").replace("*snapshot\\ restore*) ", `*snapshot\\ restore*) ${command}; `));

  for (const [what, prepare] of [
    ["etcd writes to it meanwhile", () => meanwhile(`touch ${db()}`)],
    [
      "etcd has a newer revision",
      () => host.program("curl", `#!/bin/sh\necho '{"header":{"revision":"91"},"raftIndex":"99"}'\n`),
    ],
  ] as const) {
    it(`is replaced by a live snapshot if ${what}`, () => {
      prepare();
      const save = "*save*) cp $RKE_DR_STATE/etcd/member/snap/db $RKE_DR_STATE/etcd/rke-dr-snapshot.db ;;";
      host.program("docker", host.read("docker").replace("*ExitCode*", `${save}\n  *ExitCode*`));
      const result = run(90, sound, "running", "live");
      assert.equal(result.code, 0, result.said);
      assert.match(result.said, /live snapshot .*epoch-2\/snapshot\.db: revision 90, 8192 bytes/);
      assert.deepEqual(result.acts, []);
      assert.deepEqual([host.has("epoch-2/database"), host.has("epoch-2/snapshot.db")], [false, true]);
    });
  }

  it("is read after etcd was stopped if etcd wrote to it meanwhile", () => {
    meanwhile(`touch ${db()}`);
    const result = run(0, sound, "running");
    assert.equal(result.code, 0, result.said);
    assert.deepEqual(result.acts, ["stop -t 60 etcd"]);
  });

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
    it(`is refused by name if it is ${what}; other sources are pointed to, and etcd is started again`, () => {
      const result = run(least, database);
      assert.equal(result.code, 1);
      assert.match(result.said, said);
      assert.match(
        result.said,
        /; nothing was changed but the survivors' epoch\. Preview lists what else .*`pulumi config set --path recover\.from NAME/,
      );
      assert.deepEqual(result.acts, ["stop -t 60 etcd", "start etcd"]);
      assert.equal(result.recorded, false);
    });
  }
});

describe("the program for a restore is found in a running etcd's image", () => {
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
      const result = host.run("bash", [
        "-ec",
        `${onHostScript("runtimes/docker")}\n${onHostText("steps/source")}\naside=$RKE_DR_STATE; find_restorer`,
      ]);
      assert.equal(result.status, 0, result.stderr);
      assert.equal(host.read("restorer"), found);
    });
  }
});
