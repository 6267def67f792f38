import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ActReport } from "../../evidence/act-report";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { noLab, World } from "./world";

/** The status of a Node's condition Ready. */

const suite = noLab === "" ? describe : describe.skip;

suite(`a failover on a bad day${noLab && ` (skipped: ${noLab})`}`, function () {
  this.timeout(480_000);
  const world = new World();
  // beside the lab, whose folder must be empty when it is down
  const fenceLog = `${world.lab.place.dir}-fences`;
  let clone: Workspace;

  before(async function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
    await world.build();
    clone = await world.confirmed("bad-day");
    // a host's own log, where it has one
    await world.on("master3", "busybox syslogd -O /var/log/messages");
  });
  after(async () => {
    await world.lab.down();
    rmSync(fenceLog, { force: true });
  });

  /** The act is refused with these words, and the survivors are as they were. */
  async function refused(workspace: Workspace, ...words: RegExp[]): Promise<void> {
    const before = await Promise.all([world.traces("master3"), world.traces("node2")]);
    const result = await world.failover(workspace);
    assert.notEqual(result.code, 0);
    for (const word of words) assert.match(result.all, word);
    assert.deepEqual(await Promise.all([world.traces("master3"), world.traces("node2")]), before);
  }

  it("primary replaces a voter whose disk broke, while clients write", async () => {
    const member = async () =>
      (await world.on("master3", "docker exec etcd etcdctl member list"))
        .split("\n")
        .find((m) => m.includes("master2"));
    const before = await member();
    await world.on("master3", "touch /tmp/writing");
    const writes = world.on(
      "master3",
      "while [ -e /tmp/writing ]; do docker exec etcd etcdctl put rke-dr-test x >/dev/null 2>&1 && date +%s%3N; done",
    );
    await world.lab.rebuild("master2");
    const up = async () => world.pulumi(await world.lab.project(), "up", "--yes", "--stack", "primary");
    const result = await up();
    const first = result.all;
    // a Node that RKE found NotReady is waited for by step rke-up, which then runs RKE once more
    const rke = await world.on(
      "master3",
      "cd /var/lib/rke-dr/epoch-1 && cat rke-up.log.first rke-up.log 2>/dev/null || true",
    );
    await world.on("master3", "rm /tmp/writing");
    assert.equal(result.code, 0, result.all);
    assert.match(first, /master2 +voter +STOPPED: etcd doesn't run: it isn't on the host/);
    assert.match(first, /until master2 is promoted, the loss of (master3 or master1|master1 or master3) loses quorum/);
    assert.match(first, /etcd-master2 added as a learner/);
    assert.match((await member()) ?? "", /started, etcd-master2, .*, false$/);
    assert.notEqual(await member(), before);
    // RKE found nothing to do for it
    assert.match(rke, /Starting container \[kubelet\] on host \[192\.168\.31\.102\]/);
    assert.doesNotMatch(rke, /(Starting|Stopping) container \[etcd\]/);
    const times = (await writes).split("\n").map(Number);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
    const [longest, all] = [Math.max(...gaps), (times.at(-1) ?? 0) - (times[0] ?? 0)];
    console.log(`      ${times.length} writes in ${all} ms, the longest gap between two: ${longest} ms`);
    // an election takes up to 10 s with RKE's timeouts, and the write that waited for it some more, on a slow machine most of all
    assert.ok(
      times.length > 20 && longest < 30_000 && longest < all / 2,
      "writes must go on while the voter is replaced",
    );
  }).timeout(900_000);

  it("up refuses while the datacenter declared lost answers", () =>
    refused(
      clone,
      /nothing was changed/,
      /lost side is silent: .*master1 port 22 answers the operator/,
      /still has quorum/,
    ));

  it("preview shows the guard that stops the failover, and exits with 0", async () => {
    const result = await world.failover(clone, "preview");
    assert.equal(result.code, 0, result.all);
    assert.match(result.all, /STOP {2}lost side is silent/);
  });

  it("up refuses an unknown datacenter", async () => {
    const other = await world.confirmed("unknown-datacenter");
    await world.set(other, "lost", "c");
    await refused(other, /rke-dr:lost: is not one of the datacenters \(a, b\): "c"/);
  });

  it("up refuses a host key that isn't the pinned one", async () => {
    const other = await world.confirmed("wrong-host-key");
    const master1 = /name: master1[\s\S]*?hostKey: (ssh-ed25519 \S+)/.exec(
      readFileSync(join(other.project, "Pulumi.yaml"), "utf8"),
    )?.[1];
    world.edit(other, "Pulumi.yaml", (text) =>
      text.replace(/(name: node2[\s\S]*?hostKey: )ssh-ed25519 \S+/, `$1${master1}`),
    );
    await refused(
      other,
      /host keys: node2 \(192\.168\.31\.105\): host key: must show the key ssh-ed25519 .*, shows ssh-ed25519/,
    );
  });

  const alone = { attest: undefined };

  it("up refuses a failover of a living datacenter behind a cut link, even with the operator's attestation", async () => {
    await world.lab.cutLink("a");
    const told = await world.stops(clone);
    assert.match(
      told.join("\n"),
      /lost side is silent: a: .*master1 port 22 answers the operator; port 2379 answers the operator/,
    );
    assert.ok(!told.some((t) => /answers [^;]*master3/.test(t)), told.join("\n"));
  });

  it("up refuses without attestation if operator and b are cut off from a living a, and permits an isolated restore", async () => {
    await world.lab.cutOperator("a");
    const told = await world.stops(clone, alone);
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(
      told[0] ?? "",
      /^attestation: rke-dr:attest: must be "powered-off@a@2": not set\n.*a forced cluster loses what they accept/,
    );
    assert.deepEqual(await world.stops(clone, { ...alone, method: "restore" }), []);
    await world.lab.heal();
  });

  /** Fences for all of a: each notes that it ran, then does COMMAND. */
  async function fenced(name: string, command: (host: string) => string): Promise<Workspace> {
    const workspace = await world.lab.newClone(name);
    await world.set(workspace, "confirm", "a@2");
    const fences = ["master1", "master2", "node1"].map((h) => `        ${h}: ${JSON.stringify(command(h))}\n`);
    world.edit(workspace, "Pulumi.yaml", (text) =>
      text.replace(/( {6})(datacenters:)/, `      fence:\n${fences.join("")}      targets: { rtoSeconds: 600 }\n$1$2`),
    );
    return workspace;
  }
  const ran = () => readFileSync(fenceLog, "utf8").trim().split("\n").sort();

  it("a fence that fails stops the failover before any change on the survivors", async () => {
    // half dead: the hosts are on, and serve nothing
    for (const host of ["master1", "master2"]) await world.on(host, "docker stop -t 1 kube-apiserver etcd");
    const other = await fenced("fence-fails", (h) => (h === "master1" ? "exit 3" : "true"));
    await refused(
      other,
      /nothing was changed on the survivors/,
      /fence: master1: `exit 3` must succeed, it ended with 3 after/,
      /fence: master2: must be silent after its fence, port 22 still answers/,
    );
  });

  it("a lost host that answers late over a slow line stops the failover before etcd is touched", async () => {
    const late = await world.confirmed("late-answer");
    const containers = () => world.on("master3", "docker ps -a --no-trunc --format '{{.ID}} {{.Names}}' | sort");
    const before = await containers();
    for (const host of ["master3", "node2"]) await world.on(host, "cp -a /var/lib/rke-dr /tmp/kept");
    await world.lab.cutOperator("a");
    // there and back 800 ms: a step hears nothing within its 500 ms, a look at the hosts within its 1300 ms hears every port, or on a busy
    // machine some of them
    await world.lab.slowLink(400, 0);
    const result = await world.failover(late);
    await world.lab.heal();
    assert.notEqual(result.code, 0);
    // a busy machine's hosts are heard no sooner than that
    assert.match(
      result.all,
      /nothing (was changed|that serves was changed: at most the survivors' epoch and a copy of etcd's data .*)\n/,
    );
    assert.match(
      result.all,
      /STOP {2}lost side is silent: a: must be silent, .*: (master[12]|node1) port (22|2379|2380|6443) (answers|refuses) (master3|node2)/,
    );
    assert.equal(await containers(), before);
    assert.ok(await world.holds("master3", "! ls /var/lib/rke-dr/steps/etcd-member"));
    for (const host of ["master3", "node2"])
      await world.on(host, "rm -r /var/lib/rke-dr && mv /tmp/kept /var/lib/rke-dr");
  });

  it("a fence that cuts the power makes attestation unnecessary", async () => {
    clone = await fenced("fenced", (h) => `echo ${h} >>${fenceLog}; kill -9 ${world.lab.initPid(h)} 2>/dev/null; true`);
    assert.deepEqual(await world.stops(clone, alone), []);
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /ok {4}attestation: `up` first fences master1 by `echo master1/);
    assert.ok(world.lab.isOn("master1"), "preview fences nobody");
  });

  const rkeTools = "rancher/rke-tools:v0.1.72";
  const ssl = "/etc/kubernetes/ssl";
  const db = "/var/lib/etcd/member/snap/db";
  /** One thing that is wrong, made on a host, and what undoes it. */
  const wrong: [what: string, host: string, make: string, undo: string, told: RegExp[]][] = [
    [
      "an image is missing",
      "node2",
      `docker tag ${rkeTools} kept && docker rmi ${rkeTools}`,
      `docker tag kept ${rkeTools} && docker rmi kept`,
      [/^images: node2: image rancher\/rke-tools:v0\.1\.72 .*: missing/],
    ],
    [
      "the host's clock is wrong (x509: not yet valid)",
      "master3",
      `printf '#!/bin/sh\nexec /usr/bin/date -d "2 days ago" "$@"\n' >/usr/local/bin/date; chmod +x /usr/local/bin/date`,
      "rm /usr/local/bin/date",
      [
        /^certificates: master3: .*kube-apiserver\.pem must be valid: not yet before/,
        /^clocks: master3: its clock must be within 5\.0 s of the operator's: 1728\d\d\.\d s behind/,
      ],
    ],
    [
      "an etcd certificate was copied from another host",
      "master3",
      `cd ${ssl} && cp -p kube-etcd-192-168-31-103.pem kept && cp kube-node.pem kube-etcd-192-168-31-103.pem`,
      `cd ${ssl} && mv kept kube-etcd-192-168-31-103.pem`,
      [
        /^certificates: master3: .*kube-etcd-192-168-31-103\.pem must be good for 192\.168\.31\.103, master3, 127\.0\.0\.1: is not/,
      ],
    ],
    [
      "etcd is down and its database is damaged",
      "master3",
      `docker stop -t 2 etcd && cp -p ${db} ${db}.kept && dd if=/dev/urandom of=${db} bs=4096 seek=2 count=$(($(stat -c %s ${db}) / 4096 - 2)) conv=notrunc`,
      `mv ${db}.kept ${db} && docker start etcd`,
      [/^source: .*master3.*`etcdctl snapshot status` says:/],
    ],
    [
      "a pod's container has lost its sandbox",
      "node2",
      `docker create --name lost --label io.kubernetes.pod.name=x --label io.kubernetes.docker.type=container --label io.kubernetes.sandbox.id=42b055b259df ${rkeTools} x`,
      "docker rm lost",
      [
        /^kubelets: node2: each pod's container must have its sandbox: lost \(\w+\) has none\n(?:.*\n)*?.*no PodsandBox found with Id '42b055b259df/,
      ],
    ],
    [
      "a kubelet restarts in a loop",
      "master3",
      `docker rename kubelet kept && docker run -d --name kubelet --restart=always --network none --entrypoint sh rancher/coreos-etcd:v3.4.14-rancher1 -c 'echo "F0601 11:40:13.7 kubelet.go:1372] no PodsandBox found" >&2; exit 255' && timeout 60 bash -c "until [ \\$(docker inspect -f '{{.RestartCount}}' kubelet) -ge 3 ]; do sleep 0.1; done"`,
      "docker rm -f kubelet && docker rename kept kubelet",
      [/^kubelets: master3: the kubelet must run: it restarts in a loop \(\d+ times\): F0601 .* no PodsandBox found/],
    ],
    [
      "docker doesn't answer",
      "node2",
      "mv /run/docker.sock /run/docker.away",
      "mv /run/docker.away /run/docker.sock",
      [/^rights: node2: docker must answer: it doesn't/],
    ],
    [
      "the operator's key is refused",
      "node2",
      "mv /root/.ssh/authorized_keys /root/.ssh/kept",
      "mv /root/.ssh/kept /root/.ssh/authorized_keys",
      [/^rights: node2 \(192\.168\.31\.105\): login: must let root in with the operator's key, refuses it/],
    ],
    [
      "curl is too old for docker's socket",
      "node2",
      "printf '#!/bin/sh\\necho curl: option --unix-socket: is unknown >&2\\nexit 2\\n' >/usr/local/bin/curl; chmod +x /usr/local/bin/curl",
      "rm /usr/local/bin/curl",
      [/^tools on the survivors: node2: curl must have --unix-socket \(7\.40 or later\): /],
    ],
    [
      "the deploy host's key is refused",
      "node2",
      "cd /root/.ssh && cp -p authorized_keys kept && sed -i '/rke-dr:master3$/d' authorized_keys",
      "cd /root/.ssh && mv kept authorized_keys",
      [/^SSH from the deploy host: master3 to node2: its SSH key must open the host: .*Permission denied/],
    ],
    [
      "the host belongs to another cluster",
      "node2",
      "cd /var/lib/rke-dr && cp -p cluster kept && echo other >cluster",
      "cd /var/lib/rke-dr && mv kept cluster",
      [/^the hosts meant: node2 \(192\.168\.31\.105\): must belong to cluster lab: it belongs to cluster other/],
    ],
    [
      "cluster.rkestate is gone",
      "master3",
      "mv /etc/rke-dr/cluster.rkestate /etc/rke-dr/kept",
      "mv /etc/rke-dr/kept /etc/rke-dr/cluster.rkestate",
      [/^deploy host: master3: \/etc\/rke-dr must have .*: cluster\.rkestate is missing/],
    ],
  ];
  for (const [what, host, make, undo, words] of wrong) {
    it(`a guard stops the failover and names the fault: ${what}`, async () => {
      assert.equal((await world.lab.execOn(host, ["bash", "-c", make])).code, 0);
      // `auto` would go on from a scheduled snapshot, and tell it
      const told = await world.stops(clone, { ...alone, from: "voter" });
      assert.equal((await world.lab.execOn(host, ["bash", "-c", undo])).code, 0);
      for (const word of words)
        assert.ok(
          told.some((line) => word.test(line)),
          `${word} is not in:\n${told.join("\n")}`,
        );
    });
  }

  it("a guard stops the failover and names the host whose disk is full", async () => {
    await world.lab.fillDisk("node2");
    const told = await world.stops(clone, alone);
    await world.lab.heal();
    assert.match(told.join("\n"), /disk space: node2: 50 MiB \(52428800 bytes\) must be free .*: \d+ MiB/);
  });

  it("up refuses if a survivor can't be reached", async () => {
    await world.lab.powerOff("node2");
    const result = await world.failover(clone);
    assert.notEqual(result.code, 0);
    assert.match(result.all, /survivors reachable: node2 \(192\.168\.31\.105\)/);
    await world.lab.powerOn("node2");
  });

  it("no guard stops the failover once all faults are undone, and no refused run has fenced a host", async () => {
    assert.deepEqual(await world.stops(clone, alone), []);
    assert.ok(!existsSync(fenceLog));
  });

  it("up refuses without a confirmation and with a wrong one", async () => {
    const other = await world.confirmed("unconfirmed");
    await world.set(other, "confirm", "b@2");
    await world.set(other, "attest", "maybe");
    await refused(other, /confirmation: rke-dr:confirm: must be "a@2": "b@2"/, /attestation: .*: "maybe"/);
  });

  it("up refuses if rke is missing on the deploy host", async () => {
    await world.on("master3", "mv /usr/local/bin/rke /usr/local/bin/rke.away");
    await refused(clone, /deploy host: master3: rke must be on the PATH: missing/);
    await world.on("master3", "mv /usr/local/bin/rke.away /usr/local/bin/rke");
  });

  it("preview announces that a kubeconfig which points at a lost master will be mended", async () => {
    await world.on("master3", "sed -i s/192.168.31.103/192.168.31.101/ /etc/rke-dr/kube_config_cluster.yml");
    const preview = await world.failover(clone, "preview");
    assert.match(preview.all, /its kubeconfig points at master1, which is lost, and will be mended/);
  });

  it("the failover fences the lost hosts, then is killed while etcd is forced", async () => {
    await world.killAt(clone, ["master3", "docker ps -q -f name=^etcd-force-epoch-2$ | grep -q ."]);
    assert.deepEqual(ran(), ["master1", "master2", "node1"]);
    assert.deepEqual(
      ["master1", "master2", "node1"].filter((h) => world.lab.isOn(h)),
      [],
    );
  });
  it("a rerun is killed while kube-apiserver is recreated", () =>
    world.killAt(clone, ["master3", "test -e /var/lib/rke-dr/steps/etcd-member"]));

  it("preview of another act names the unfinished failover", async () => {
    const told = await world.stops(clone, { ...alone, epoch: 3, confirm: "a@3" });
    assert.match(told.join("\n"), /earlier acts: master3: epoch 2 \(failover:a:.*\): must be finished first: .*rke-up/);
  });

  it("a failure of rke is reported, and the API already serves", async () => {
    await world.on(
      "master3",
      `mv /usr/local/bin/rke /usr/local/bin/rke.away; printf '#!/bin/sh\\necho level=fatal msg=broken\\nexit 1\\n' >/usr/local/bin/rke; chmod +x /usr/local/bin/rke`,
    );
    const result = await world.failover(clone);
    assert.notEqual(result.code, 0);
    assert.match(result.all, /rke: `rke up` failed with 1: .*broken/);
    assert.match(result.all, /etcd and kube-apiserver of epoch 2 serve already/);
    assert.equal((await world.lab.kubectl(["get", "--raw", "/readyz"])).stdout, "ok");
    await world.on("master3", "mv /usr/local/bin/rke.away /usr/local/bin/rke");
  });

  it("the report describes the failover that ended half-way", async () => {
    const { stdout, code, stderr } = await world.report(clone, "--json");
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout) as ActReport;
    const failed = report.steps.filter((s) => s.outcome === "failed").map((s) => [s.step, s.host, s.exit, s.error]);
    assert.equal(report.outcome, "failed");
    assert.deepEqual(failed, [["rke-up", "master3", 1, "rke: `rke up` failed with 1: level=fatal msg=broken"]]);
    assert.ok(report.steps.some((s) => s.outcome === "not run"));
  });

  it("a rerun finishes the failover", async () => {
    const result = await world.failover(clone);
    assert.equal(result.code, 0, result.all);
    assert.equal(await world.on("master3", "docker exec etcd etcdctl member list | wc -l"), "1");
    assert.doesNotMatch(await world.on("master3", "docker inspect $(docker ps -q)"), /force-new-cluster/);
    assert.match(
      await world.on("master3", "grep server: /etc/rke-dr/kube_config_cluster.yml"),
      /192\.168\.31\.103:6443/,
    );
  });

  it("the failover leaves its evidence: three forms of report on the deploy host, the stack's output, the host's log, an Event", async () => {
    const exported = await world.pulumi(clone, "stack", "output", "report", "--json", "--stack", "failover");
    const report = JSON.parse(exported.stdout) as ActReport;
    assert.equal(report.outcome, "finished");
    assert.deepEqual([report.rto.targetSeconds, report.rto.verdict, report.rpo.verdict], [600, "met", "no target"]);
    assert.match(report.reliedOn, /^the fence command of master1, which succeeded at .*node1, which succeeded/);
    assert.deepEqual(ran(), ["master1", "master2", "node1"], "each fence ran once in all the runs of this act");
    assert.ok(report.setAside.some((a) => a.what === "/var/lib/etcd/before-epoch-2" && (a.bytes ?? 0) > 1e6));
    assert.ok(report.guards.length > 15 && report.guards.every((g) => g.ok));
    assert.deepEqual(JSON.parse(await world.on("master3", "cat /var/lib/rke-dr/reports/epoch-2.json")), report);
    assert.deepEqual(JSON.parse((await world.report(clone, "--json")).stdout), report);
    assert.match(
      await world.on("master3", "cat /var/lib/rke-dr/reports/epoch-2.md"),
      /^# Failover of datacenter a, epoch 2: finished/,
    );
    assert.match(
      await world.on("master3", "cat /var/lib/rke-dr/reports/epoch-2.html"),
      /^<!doctype html>[\s\S]*class="timeline"/,
    );
    assert.match(await world.on("master3", "cat /var/log/messages"), /rke-dr: epoch=2 etcd-member: .*cluster of one/);
    const events = await world.lab.kubectl(["get", "events", "-n", "kube-system", "-o", "json"]);
    assert.match(
      events.stdout,
      /"message": "epoch 2: failover:a:forceNewCluster:master3; verified from master3\.rke-lab"/,
    );
  });

  it("one more run of the finished failover changes nothing", async () => {
    const before = await world.traces("master3");
    const again = await world.upAgain(clone);
    assert.equal(again.code, 0, again.all);
    assert.equal(await world.traces("master3"), before);
  });

  it("a run from another clone with an empty backend touches no host", async () => {
    const before = await world.traces("master3");
    const result = await world.failover(await world.confirmed("second-operator"));
    assert.equal(result.code, 0, result.all);
    assert.match(result.all, /etcd-member-master3 .*already done/);
    assert.equal(await world.traces("master3"), before);
  });

  it("primary with the older epoch is refused after the failover", async () => {
    const result = await world.pulumi(await world.lab.project(), "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.notEqual(result.code, 0);
    assert.match(
      result.all,
      /epoch: master3: an epoch older than the host's is refused, it is at 2 \(failover:a:.*\): 1/,
    );
  });

  it("another failover of the same datacenter is refused, because nothing is lost", async () => {
    const other = await world.confirmed("again");
    await world.set(other, "epoch", "3");
    await world.set(other, "confirm", "a@3");
    await refused(
      other,
      /quorum is lost: master3: its etcd must have lost its quorum: it answers .*, the cluster still has quorum/,
    );
  });

  it("`pulumi destroy` stops nothing", async () => {
    const before = await world.traces("master3");
    const result = await world.pulumi(clone, "destroy", "--yes", "--skip-preview", "--stack", "failover");
    assert.equal(result.code, 0, result.all);
    assert.equal(await world.traces("master3"), before);
  });

  it("after a power cycle the new etcd serves and the old one stays down", async () => {
    await world.lab.powerOff("master3");
    await world.lab.powerOn("master3");
    await until("the API", 180, async () => (await world.lab.kubectl(["get", "--raw", "/readyz"])).stdout === "ok");
    assert.match(await world.on("master3", "docker inspect -f '{{.State.Status}}' etcd-before-epoch-2"), /exited/);
  });

  it("no private key appears in output, command lines, Pulumi's state or logs on the hosts", async () => {
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY/;
    assert.doesNotMatch(world.printed, secret);
    const lines = [...world.commandLines];
    assert.ok(lines.some((line) => line.includes("etcd-member")));
    assert.deepEqual(
      lines.filter((line) => secret.test(line)),
      [],
    );
    const states = [clone, await world.lab.project()].flatMap((workspace) =>
      readdirSync(join(workspace.backend, ".pulumi"), { recursive: true, encoding: "utf8" })
        .map((name) => join(workspace.backend, ".pulumi", name))
        .filter((path) => path.endsWith(".json")),
    );
    assert.ok(states.length >= 2);
    for (const path of states) assert.doesNotMatch(readFileSync(path, "utf8"), secret, path);
    const logs = await world.on(
      "master3",
      "cat /var/lib/rke-dr/log /var/lib/rke-dr/steps/* /var/lib/rke-dr/epoch-*/*.log /var/lib/rke-dr/epoch-*/plan /var/lib/rke-dr/reports/* /var/log/messages",
    );
    assert.match(logs, /<!doctype html>/);
    assert.doesNotMatch(logs, secret);
  });
});
