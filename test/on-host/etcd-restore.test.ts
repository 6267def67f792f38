import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { stateOfEachTest } from "./host-state";

const files = ["member/wal/0.wal", "member/snap/db"];

describe("putting restored data in the old etcd's place", () => {
  const host = stateOfEachTest(
    { epoch: "2\n", act: "failover\n" },
    {
      docker: `#!/bin/bash
echo "$*" >>$RKE_DR_STATE/acts
cd $RKE_DR_STATE/containers
name=\${*: -1}
case "$*" in
  *State.Status*) if [[ -e $name ]]; then cat "$name"; else echo "Error: No such container: $name"; exit 1; fi ;;
  rename*) mv "$2" "$3" ;;
  *snapshot\\ restore*) for file in ${files.join(" ")}; do mkdir -p $(dirname $RKE_DR_STATE/etcd/restore-epoch-2/$file); echo again >$RKE_DR_STATE/etcd/restore-epoch-2/$file; done ;;
  inspect*Id*) echo 0123456789abcdef ;;
esac
`,
      curl: `#!/bin/bash
case "$*" in
  *docker.sock*) cat >/dev/null; name=$(grep -o 'name=[^ ]*' <<<"$*" | cut -d= -f2); echo running >"$RKE_DR_STATE/containers/$name"; printf '\\n201' ;;
  */health*) echo '{"health":"true"}' ;;
esac
`,
    },
  );
  const write = (folder: string, text: string) => {
    for (const file of files) {
      mkdirSync(host.at(folder, file, ".."), { recursive: true });
      host.write(`${folder}/${file}`, text);
    }
  };
  beforeEach(() => {
    for (const folder of ["containers", "epoch-2", "steps"]) mkdirSync(host.at(folder));
    host.write("containers/etcd", "running");
    host.write("steps/source", '{"step":"source","host":"h","epoch":2,"generation":1,"input":"x"}\n');
    write("etcd", "old");
  });
  const run = () => {
    const of = ["etcd-restore", "2", "1", "failover", "lab"];
    const args = [
      "kube-etcd-h",
      "https://127.0.0.1:2379/health",
      "image",
      "etcd-h",
      "https://10.0.0.3:2380",
      "token-2",
    ];
    // a real host's firewall and boot refuse the lost side: the lab shows it
    const input = host.etcdInput("etcd-restore", "{}").replace('\nmain "$@"; exit', "\nisolate() { :; }$&");
    return host.run("bash", ["-s", "--", ...of, ...args, "1000"], input);
  };
  const data = () => readFileSync(host.at("etcd/member/snap/db"), "utf8").trim();

  it("takes the data restored beforehand, keeps the old data as it was, and reports the token", () => {
    write("etcd/restored-epoch-2", "new");
    host.write("epoch-2/snapshot.db", "snapshot");
    const { status, stderr, stdout } = run();
    assert.equal(status, 0, stderr);
    assert.equal(data(), "new");
    assert.equal(host.read("epoch-2/data/member/snap/db"), "old");
    assert.equal(host.read("epoch-2/restored"), "token-2\n");
    assert.equal((JSON.parse(stdout) as { facts: { token: string } }).facts.token, "token-2");
    assert.deepEqual(readdirSync(host.at("etcd")), ["before-epoch-2", "member"]);
    assert.doesNotMatch(host.read("acts"), /snapshot restore/);
  });

  it("restores anew from the old data if etcd wrote to it after it was read", () => {
    write("etcd/restored-epoch-2", "new");
    host.write("epoch-2/database", "1700000000.000000000 3\n");
    const { status, stderr } = run();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /the database was written to after it was read; it is restored anew/);
    assert.match(host.read("acts"), /stop -t 60 etcd[\s\S]*before-epoch-2\/member\/snap\/db:\/source\.db/);
    assert.equal(data(), "again");
  });
});
