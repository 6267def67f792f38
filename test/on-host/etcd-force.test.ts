import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { StepName } from "../../plan/steps/names";
import { stateOfEachTest } from "./host-state";
import { type WalRecord, walBytes, walEnd } from "./wal";

/** Containers are files here, by name: what docker says of their status. What touches them is told in `acts`. */
const docker = `#!/bin/bash
cd $RKE_DR_STATE/containers
name=\${*: -1}
case "$*" in
  *State.Status*) if [[ -e $name ]]; then cat "$name"; else echo "Error: No such container: $name"; exit 1; fi ;;
  *State.Pid*) cat ../pid ;;
  ps*) ls ;;
  *snapshot\\ save*) printf '%8192s%32s' db hash >$RKE_DR_STATE/etcd/rke-dr-forced-epoch-2/member/snap/db ;;
  logs*) cat ../says ;;
  rename*) echo "$*" >>../acts; mv "$2" "$3" ;;
  update*always*) echo "$*" >>../acts ;;
  start*force*) echo "$*" >>../acts; wal=../etcd/rke-dr-forced-epoch-2/member/wal/0.wal; [[ -e $wal ]] || wal=../etcd/member/wal/0.wal; cat ../by-force >>$wal ;;
  stop*|start*|kill*) echo "$*" >>../acts ;;
  rm*) echo "$*" >>../acts; rm -f "$name" ;;
  inspect*Entrypoint*) echo etcd ;;
  inspect*Id*) echo 0123456789abcdef ;;
esac
exit 0
`;

/** Docker's API, and etcd: what the living one and the one with the flag have is in files. */
const curl = `#!/bin/bash
cd $RKE_DR_STATE
case "$*" in
  *docker.sock*) cat >>bodies; name=$(grep -o 'name=[^ ]*' <<<"$*" | cut -d= -f2); echo running >"containers/$name"; echo "create $name" >>acts; printf '\\n201' ;;
  *127.0.0.1:2379/health*) [[ ! -e unhealthy ]] && echo '{"health":"true"}' ;;
  *:2379/health*) echo '{"health":"true"}' ;;
  *127.0.0.1:2379/v3/maintenance/status*) echo '{"header":{"revision":"'$(cat copied)'"},"raftIndex":"77"}' ;;
  *v3/maintenance/status*) [[ ! -e silent ]] || exit 28; echo '{"header":{"revision":"40"},"raftIndex":"'$(cat index)'"}' ;;
  */members*) echo '[{"id":1}]' ;;
esac
`;

/** Of entries up to 77, one isn't marked as committed; --force-new-cluster writes its own behind it. */
const entries: WalRecord[] = [{ state: [3, 76] }, { entry: [77, 3, Buffer.from("old")] }];
const wal = walBytes(entries);
const byForce = walBytes([
  ...entries,
  { state: [3, 77] },
  { entry: [78, 3, Buffer.from("removes a member")] },
]).subarray(walBytes([...entries, { state: [3, 77] }]).length);

const folder = (path: string, host: { at: (...names: string[]) => string }) => {
  mkdirSync(dirname(host.at(path)), { recursive: true });
  writeFileSync(host.at(path), "old");
};

describe("forcing a voter's data", () => {
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n", index: "50", copied: "40", pid: String(process.pid), says: "" },
    { docker, curl, nsenter: '#!/bin/bash\nshift 3\nexec "$@"\n' },
  );
  /** An etcd that runs, and writes to its database for as long as a test takes. */
  const runningEtcd = () => {
    for (const path of ["containers/etcd", "etcd/member/wal/0.wal", "etcd/member/snap/1.snap", "etcd/member/snap/db"])
      folder(path, host);
    host.write("containers/etcd", "running");
    writeFileSync(host.at("etcd/member/wal/0.wal"), wal);
    writeFileSync(host.at("by-force"), byForce);
    // without that a busy machine's step comes when the last write is two seconds old, which counts as idle
    utimesSync(host.at("etcd/member/snap/db"), new Date(), new Date(Date.now() + 3_600_000));
  };
  beforeEach(runningEtcd);
  const argsOf = (name: StepName, generation: number): [StepName, ...string[]] => [
    name,
    "2",
    String(generation),
    "failover",
    "lab",
    "kube-etcd-h",
    "https://10.0.0.3:2379",
  ];
  const run = (name: StepName, generation: number, data: string) => {
    const { status, stderr } = host.etcdStep(argsOf(name, generation), data);
    return { code: status, said: stderr };
  };
  const sandbox = '{"HostConfig":{"NetworkMode":"none"}}';
  /** While this process serves: the step is another one's child. */
  const copyBeside = async (target: string) => {
    const child = spawn("bash", ["-s", "--", ...argsOf("snapshot", 1), target], {
      env: host.env,
      stdio: ["pipe", "ignore", "pipe"],
    });
    child.stdin.end(host.etcdInput("snapshot", sandbox));
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
    return { code: status as number, said };
  };
  const copy = (generation = 1) => run("snapshot", generation, sandbox);
  const member = (generation = 1) => run("etcd-member", generation, '{"the":"one with the flag"}\n{"the":"final one"}');
  const acts = () => host.read("acts").trim().split("\n");

  const onDataItself = [
    "create etcd-force-epoch-2",
    "start etcd-force-epoch-2",
    "stop -t 30 etcd-force-epoch-2",
    "create etcd",
    "start etcd",
    "rm -f etcd-force-epoch-2",
  ];
  const setAside = ["kill etcd", "rename etcd etcd-before-epoch-2"];

  it("is done on a copy, while the old etcd goes on and its data stays as it is", () => {
    const { code: status, said } = copy();
    assert.equal(status, 0, said);
    assert.deepEqual(acts(), [
      "create etcd-force-epoch-2",
      "start etcd-force-epoch-2",
      "stop -t 30 etcd-force-epoch-2",
      "rm -f etcd-force-epoch-2",
    ]);
    const of = "etcd/rke-dr-forced-epoch-2/member";
    // without the hash that a snapshot has behind its last page
    assert.equal(host.read(`${of}/snap/db`).length, 8192);
    assert.equal(walEnd(host.at("etcd/rke-dr-forced-epoch-2")).commit, 77);
    assert.equal(host.read(`${of}/snap/1.snap`), "old");
    assert.equal(walEnd(host.at("etcd")).commit, 76);
    assert.equal(host.read("etcd/member/snap/db"), "old");
    assert.equal(host.read("epoch-2/copy"), "index 50\n");
  });

  it("copies the files of an etcd that answers and doesn't write to its database, and asks etcd again later", () => {
    utimesSync(host.at("etcd/member/snap/db"), 1_700_000_000, 1_700_000_000);
    const { code: status, said } = copy();
    assert.equal(status, 0, said);
    assert.match(said, /a copy of etcd's data, by its files, is a cluster of one/);
    assert.equal(host.read("etcd/rke-dr-forced-epoch-2/member/snap/db"), "old");
    assert.equal(host.read("epoch-2/copy"), "index 50\n");
  });

  it("copies what links lead to, so that nothing is written to a WAL or a database that lies elsewhere", () => {
    mkdirSync(host.at("etcd/disk"));
    for (const [link, name] of [
      ["wal", "wal"],
      ["snap/db", "db"],
    ] as const) {
      renameSync(host.at(`etcd/member/${link}`), host.at(`etcd/disk/${name}`));
      symlinkSync(host.at(`etcd/disk/${name}`), host.at(`etcd/member/${link}`));
    }
    utimesSync(host.at("etcd/disk/db"), 1_700_000_000, 1_700_000_000);
    const { code: status, said } = copy();
    assert.equal(status, 0, said);
    assert.match(said, /by its files, is a cluster of one/);
    assert.equal(walEnd(host.at("etcd/rke-dr-forced-epoch-2")).commit, 77);
    assert.deepEqual(host.read("etcd/disk/wal/0.wal"), wal.toString());
    for (const path of ["wal", "snap/db"]) {
      assert.ok(!lstatSync(host.at(`etcd/rke-dr-forced-epoch-2/member/${path}`)).isSymbolicLink(), path);
    }
  });

  it("takes a live snapshot if etcd writes to its database while its files are copied", () => {
    const db = host.at("etcd/member/snap/db");
    utimesSync(db, 1_700_000_000, 1_700_000_000);
    host.program("cp", `#!/bin/bash\n/bin/cp "$@"; touch ${db}\n`);
    const { code: status, said } = copy();
    assert.equal(status, 0, said);
    assert.match(said, /by a live snapshot, is a cluster of one/);
    assert.equal(host.read("etcd/rke-dr-forced-epoch-2/member/snap/db").length, 8192);
  });

  it("exchanges only the folders once the copy is ready, and keeps the old data as it was", () => {
    copy();
    host.write("acts", "");
    const { code: status, said } = member();
    assert.equal(status, 0, said);
    assert.deepEqual(acts(), [...setAside, "create etcd", "start etcd", "rm -f etcd-force-epoch-2"]);
    assert.equal(host.read("etcd/member/snap/db").length, 8192);
    assert.equal(host.read("epoch-2/data/member/snap/db"), "old");
    assert.deepEqual(readdirSync(host.at("etcd")), ["before-epoch-2", "member"]);
    assert.ok(host.has("epoch-2/forced"));
  });

  it("ends and leaves no copy if the lost side is alive", async () => {
    const there = createServer().listen(0, "127.0.0.1");
    await once(there, "listening");
    try {
      const { port } = there.address() as AddressInfo;
      const { code: status, said } = await copyBeside(`master1=127.0.0.1:${port}`);
      assert.equal(status, 1);
      assert.match(said, /lost side: it is alive: master1 port \d+ answers; nothing was changed but/);
      assert.match(host.read("failures/snapshot"), /"error":"lost side: it is alive/);
      assert.deepEqual(readdirSync(host.at("etcd")), ["member"]);
      assert.ok(!host.has("epoch-2/copy"));
    } finally {
      there.close();
    }
  });

  it("ends the act if the old etcd has committed since the copy: it can't do so without a living majority", () => {
    copy();
    host.write("acts", "");
    host.write("index", "51");
    const result = member();
    assert.equal(result.code, 1);
    assert.match(result.said, /lost side: .* committed since, from index 50 to index 51: .*; nothing was changed but/);
    assert.deepEqual(acts(), [""]);
  });

  it("forces the data itself, and keeps a copy, if the old etcd no longer reports its revision", () => {
    copy();
    host.write("acts", "");
    host.write("silent", "");
    const result = member();
    assert.equal(result.code, 0, result.said);
    assert.match(result.said, /isn't used: .* at index 50; now: not known/);
    assert.deepEqual(acts(), [...setAside, ...onDataItself]);
    assert.equal(host.read("etcd/member/snap/db"), "old");
    assert.equal(host.read("epoch-2/data/member/snap/db"), "old");
    assert.deepEqual(readdirSync(host.at("etcd")), ["member"]);
  });

  for (const [what, prepare, said] of [
    [
      "of an etcd that answers nothing and writes",
      () => host.write("silent", ""),
      /etcd runs and answers nothing.* is missing or written to/,
    ],
    [
      "that docker can't make",
      () => {
        utimesSync(host.at("etcd/member/snap/db"), 1_700_000_000, 1_700_000_000);
        host.program(
          "curl",
          curl.replace(
            "*docker.sock*)",
            "*docker.sock*force*) [[ -e again ]] || { touch again; printf 'no space\\n500'; exit; } ;;&\n  *docker.sock*)",
          ),
        );
      },
      /etcd without network: the runtime can't start it/,
    ],
    [
      "whose etcd can't listen where it has no network",
      () => {
        host.write("pid", "999999999");
        host.write("says", "C | etcdmain: listen tcp 10.0.0.3:2381: bind: cannot assign requested address\n");
      },
      /etcd without network: ended .*bind: cannot assign/,
    ],
  ] as const) {
    it(`forces the data itself and doesn't use a copy ${what}`, () => {
      prepare();
      const first = copy();
      assert.equal(first.code, 0, first.said);
      assert.match(first.said, said);
      assert.deepEqual(readdirSync(host.at("etcd")), ["member"]);
      assert.ok(!host.has("epoch-2/copy"));
      host.write("acts", "");
      const then = member();
      assert.equal(then.code, 0, then.said);
      assert.deepEqual(acts(), [...setAside, ...onDataItself]);
    });
  }

  for (const [what, file, text] of [
    ["that answers nothing", "silent", ""],
    ["that is down", "containers/etcd", "exited"],
  ] as const) {
    it(`uses the copied files of an etcd ${what} if the originals are unchanged`, () => {
      host.write(file, text);
      const db = host.at("etcd/member/snap/db");
      utimesSync(db, 1_700_000_000, 1_700_000_000);
      const first = copy();
      assert.equal(first.code, 0, first.said);
      assert.match(host.read("epoch-2/copy"), /^written 1700000000\.0+ 3\n$/);
      host.write("acts", "");
      const then = member();
      assert.equal(then.code, 0, then.said);
      assert.deepEqual(acts(), [...setAside, "create etcd", "start etcd", "rm -f etcd-force-epoch-2"]);
      assert.equal(host.read("epoch-2/data/member/snap/db"), "old");
    });
    it(`forces the data itself of an etcd ${what} if its files have changed since the copy`, () => {
      host.write(file, text);
      const db = host.at("etcd/member/snap/db");
      utimesSync(db, 1_700_000_000, 1_700_000_000);
      copy();
      host.write("acts", "");
      utimesSync(db, 1_700_000_009, 1_700_000_009);
      const then = member();
      assert.equal(then.code, 0, then.said);
      assert.match(then.said, /isn't used: .* at written 1700000000\.0+ 3; now: written 1700000009\.0+ 3/);
      assert.deepEqual(acts(), [...setAside, ...onDataItself]);
    });
  }

  /** What a trial shows of the data, and what makes it show that. */
  const findings: [what: string, make: () => void, said: RegExp][] = [
    [
      "etcd panics on the copy",
      () => {
        host.write("pid", "999999999");
        host.write("says", "panic: freepages: failed to get all reachable pages\n\ngoroutine 1 [running]:\n");
      },
      /ended .*panic: freepages: /,
    ],
    [
      "a learner stays a member beside the survivor (etcd-io/etcd#20893)",
      () => {
        host.program("curl", curl.replace('[{"id":1}]', '[{"id":1},{"id":2,"isLearner":true}]'));
        host.program("docker", docker.replace("logs*)", "*member\\ list*) printf 'one\\ntwo\\n' ;;\n  logs*)"));
      },
      /2 members after --force-new-cluster, 1 was expected/,
    ],
    ["the copy has less", () => host.write("copied", "39"), /it has revision 39, the old etcd 40/],
  ];
  for (const [what, make, found] of findings) {
    it(`ends the act before any change, and offers a restore, if ${what}`, () => {
      make();
      const { code: status, said } = copy();
      assert.equal(status, 1);
      assert.match(said, found);
      assert.match(said, /, which was tried on a copy: .*; nothing was changed but the survivors' epoch\./);
      assert.match(
        said,
        /`pulumi config set epoch 3 .*`pulumi config set --path recover\.method restore --stack failover`/,
      );
      assert.deepEqual(readdirSync(host.at("etcd")), ["member"]);
      assert.equal(host.read("containers/etcd"), "running");
      assert.equal(host.has("containers/etcd-force-epoch-2"), false);
      assert.ok(!host.has("epoch-2/copy"));
      assert.equal(
        acts().filter((act) => act.startsWith("start")).length,
        2,
        "a copy that was cut gets a second chance",
      );
    });
  }

  it("brings the old etcd and its data back if no copy could be tried and force fails on the data itself", () => {
    host.write("silent", "");
    host.program("curl", curl.replace('[{"id":1}]', '[{"id":1},{"id":2}]'));
    host.program("docker", docker.replace("logs*)", "*member\\ list*) printf 'one\\ntwo\\n' ;;\n  logs*)"));
    for (const generation of [1, 2]) {
      assert.match(copy(generation).said, /no copy of etcd's data beforehand/);
      host.write("acts", "");
      const { code: status, said } = member(generation);
      assert.equal(status, 1);
      assert.match(said, /2 members after .*; the old etcd and its data are back as they were\. Restore .*epoch 3/);
      assert.deepEqual(acts().slice(-3), [
        "rename etcd-before-epoch-2 etcd",
        "update --restart=always etcd",
        "start etcd",
      ]);
      assert.equal(host.read("etcd/member/snap/db"), "old");
      assert.equal(walEnd(host.at("etcd")).commit, 76, "the WAL is as it was before force");
      assert.equal(walEnd(host.at("etcd/rke-dr-forced-epoch-2")).commit, 77);
      // nothing tells of an act that has begun: the next epoch may take another way
      assert.deepEqual(
        ["data", "forced", "etcd-before-epoch-2.container"].filter((name) => host.has(`epoch-2/${name}`)),
        [],
      );
    }
  });

  describe("after a kill", () => {
    const ended = (what: string) => {
      const result = member(2);
      assert.equal(result.code, 0, `${what}: ${result.said}`);
      assert.equal(host.read("etcd/member/snap/db").length, 8192);
      assert.equal(host.read("epoch-2/data/member/snap/db"), "old");
      assert.deepEqual(readdirSync(host.at("etcd")), ["before-epoch-2", "member"]);
      assert.equal(host.read("containers/etcd"), "running\n");
    };
    it("uses the copy if the old container was set aside, although the old etcd reports nothing", () => {
      copy();
      host.program("mv", '#!/bin/bash\n[[ $1 != */etcd/member ]] || exit 1\nexec /bin/mv "$@"\n');
      assert.equal(member().code, 1);
      assert.ok(host.has("containers/etcd-before-epoch-2"));
      host.run("rm", [host.at("mv")]);
      host.write("silent", "");
      // a rerun secures nothing anew
      assert.match(copy(2).said, /a copy of its data stays as it was taken/);
      ended("old container aside");
    });
    it("goes on if the old data was set aside, too", () => {
      copy();
      host.program("mv", '#!/bin/bash\n[[ $1 != *rke-dr-forced* ]] || exit 1\nexec /bin/mv "$@"\n');
      assert.equal(member().code, 1);
      assert.ok(host.has("epoch-2/data/member/snap/db") && !host.has("etcd/member"));
      host.run("rm", [host.at("mv")]);
      ended("old data aside");
    });
    it("goes on if the copy was in place", () => {
      copy();
      host.program("touch", '#!/bin/bash\n[[ $1 != */forced ]] || exit 1\nexec /bin/touch "$@"\n');
      assert.equal(member().code, 1);
      assert.ok(host.has("etcd/member") && !host.has("epoch-2/forced"));
      host.run("rm", [host.at("touch")]);
      ended("copy in place");
    });
    it("refuses to start etcd on an empty folder if the disk of etcd's data isn't mounted", () => {
      for (const [moment, broken] of [
        ["old container aside", "*/etcd/member"],
        ["copy in place", "nothing"],
      ] as const) {
        for (const old of ["etcd", "epoch-2", "containers", "steps"]) host.run("rm", ["-rf", host.at(old)]);
        runningEtcd();
        copy();
        host.program("mv", `#!/bin/bash\n[[ $1 != ${broken} ]] || exit 1\nexec /bin/mv "$@"\n`);
        host.program("touch", '#!/bin/bash\n[[ $1 != */forced ]] || exit 1\nexec /bin/touch "$@"\n');
        assert.equal(member().code, 1, moment);
        host.run("rm", [host.at("mv"), host.at("touch")]);
        host.run("rm", ["-rf", host.at("etcd")]);
        mkdirSync(host.at("etcd"));
        host.write("acts", "");
        const result = member(2);
        assert.equal(result.code, 1, moment);
        assert.match(result.said, /holds no data: is a disk not mounted\? nothing was started/);
        assert.ok(!host.has("epoch-2/forced"), moment);
        assert.ok(!acts().includes("start etcd"), moment);
      }
    });
    it("overwrites nothing, and reports it, if an etcd was started since", () => {
      copy();
      host.program("mv", '#!/bin/bash\n[[ $1 != *rke-dr-forced* ]] || exit 1\nexec /bin/mv "$@"\n');
      member();
      host.run("rm", [host.at("mv")]);
      folder("etcd/member/snap/db", host);
      const result = member(2);
      assert.equal(result.code, 1);
      assert.match(result.said, /somebody else started an etcd since/);
      assert.equal(host.read("etcd/member/snap/db"), "old");
    });
  });
});
