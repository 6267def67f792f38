import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import { onHostScript } from "../../on-host";
import { argument } from "../../plan/runtimes/process";
import { systemd } from "../../plan/runtimes/systemd/systemd";
import { onRequest } from "../e2e/on-request";

const topology = `installer: unit
datacenters:
  - {name: a, hosts: [{name: h1, address: 10.9.0.1, roles: [etcd]}]}
  - {name: b, hosts: [{name: h2, address: 10.9.0.2, roles: [etcd]}, {name: h3, address: 10.9.0.3, roles: [etcd]}]}
`;

onRequest("unit", "a lab of three etcds that are units of systemd, as they are before and after an act", function () {
  this.timeout(180_000);
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-unit-"));
  const lab = Lab.open(join(parent, "lab"));
  const text = onHostScript("runtimes/systemd");

  async function shell(commands: string, host = "h1"): Promise<string> {
    const prelude = `set -euo pipefail\ndie() { echo "died: $*" >&2; exit 9; }\n${text}\n`;
    const result = await lab.execOn(host, ["bash", "-s"], { input: `${prelude}${commands}\n` });
    assert.equal(result.code, 0, `${commands}\n${result.stdout}${result.stderr}`);
    return result.stdout.trim();
  }
  const status = (name = "etcd") => shell(`process_status ${name}; echo "$status"`);
  const described = async (name = "etcd") => systemd.read(await shell(`process_describe ${name}`));
  const owners = () =>
    shell("stat -c '%n %U %a' /etc/etcd.env /var/lib/etcd /var/lib/etcd/member /var/lib/etcd/member/*/*.* | sort");
  const serves = () => shell("process_etcdctl etcd '' endpoint health >/dev/null && echo yes || echo no");
  const quoted = (spec: string) => `'${spec.replaceAll("'", "'\\''")}'`;
  const rebooted = async (host = "h1") => {
    await lab.powerOff(host);
    await lab.powerOn(host);
  };
  let env = "";
  let owned = "";

  before(async function () {
    this.timeout(600_000);
    const file = join(parent, "three.yml");
    writeFileSync(file, topology);
    await lab.up({ topology: file });
    env = await shell("cat /etc/etcd.env");
    owned = await owners();
  });
  after(async () => {
    await lab.down();
    rmSync(parent, { recursive: true });
  });

  it("is in the lab's status, and a killed one is restarted only after its RestartSec", async () => {
    const { hosts } = await lab.status();
    assert.deepEqual(
      hosts.map(({ name, runtime, daemon, containers }) => `${name} ${runtime} ${daemon} ${containers[0]?.name}`),
      ["h1", "h2", "h3"].map((name) => `${name} systemd up etcd`),
    );
    await lab.kill("h3", "etcd");
    await until(
      "the word for it",
      5,
      async () => (await shell('process_status etcd; echo "$status"', "h3")) === "restarting",
    );
    await lab.heal();
    await until("its start", 20, async () => (await shell('process_status etcd; echo "$status"', "h3")) === "running");
  });

  it("the plan's half reads it: settings as flags, its program, its user", async () => {
    const found = await described();
    assert.deepEqual([found.status, found.epoch, found.restarts], ["running", undefined, 0]);
    assert.deepEqual([found.process.image, found.process.user], ["/usr/local/bin/etcd", "etcd"]);
    assert.equal(argument(found.process.cmd, "initial-cluster-token"), "etcd-cluster");
    const members = await shell("process_etcdctl etcd '' member list");
    assert.equal(members.split("\n").length, 3);
    const command = (await shell("process_command etcd")).split("\n");
    assert.deepEqual([...command].sort(), [...found.process.entrypoint, ...found.process.cmd].sort());
  });

  it("a snapshot that its own job has taken lies where the job puts it", async () => {
    const file = await shell("ls /var/backups/kube_etcd/*/snapshot.db");
    const read = await shell(
      `run_alone /usr/local/bin/etcd etcdctl --env ETCDCTL_API=3 --look ${file}:/source.db -- snapshot status /source.db -w json; ls /source.db 2>&1 || true`,
    );
    assert.match(read, /"totalKey":\d+.*\nls: cannot access/);
  });

  it("set aside, nothing starts it: not systemd, not an operator, not a boot; its data and settings keep owner and content", async () => {
    await shell("process_set_aside etcd etcd-before-epoch-4 0");
    assert.deepEqual([await status(), await status("etcd-before-epoch-4")], ["missing", "exited"]);
    assert.match(await shell("systemctl start etcd 2>&1 || true"), /Assertion failed/);
    await rebooted();
    await shell("systemctl daemon-reexec; systemctl start multi-user.target");
    assert.equal(await shell("systemctl is-active etcd || true"), "inactive");
    assert.equal(await shell("cat /etc/etcd.env"), env);
    assert.equal(await owners(), owned);
    const { process, restarts, startedAt } = await described("etcd-before-epoch-4");
    assert.ok(process.cmd.includes("--name=h1"));
    assert.deepEqual([restarts, startedAt.slice(0, 2)], [0, "20"]);
    assert.match(await shell("process_log etcd-before-epoch-4"), /ready to serve client requests/);
  });

  it("without quorum its start returns at once; brought back it is what it was, also after a boot", async () => {
    await lab.powerOff("b");
    const took = await shell(
      "from=$(date +%s); process_bring_back etcd-before-epoch-4 etcd; process_restart 0 etcd; echo $(($(date +%s) - from))",
    );
    assert.ok(Number(took) < 30, took);
    assert.equal(await status(), "running");
    assert.equal(await serves(), "no");
    assert.equal(await shell("systemctl is-enabled etcd; cat /etc/etcd.env"), `enabled\n${env}`);
    assert.equal(await owners(), owned);
    await rebooted();
    await until("its start at boot", 20, async () => (await status()) === "running");
  });

  it("forces a copy of its data as its own user, without a network, and nothing of that stays", async () => {
    const found = await described();
    const copy = "/var/lib/etcd/rke-dr-forced-epoch-4";
    const cmd = [
      ...found.process.cmd.filter((word) => !/^--(listen|initial-advertise|advertise|initial-cluster)/.test(word)),
      ...["--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379"],
      ...["--listen-peer-urls=http://127.0.0.1:2380", "--force-new-cluster=true"],
    ];
    const process = { ...found.process, name: "etcd-force-epoch-4", cmd, binds: [`${copy}:/var/lib/etcd`] };
    const spec = systemd.spec(process, 4, { base: found, once: true, isolated: true });
    await shell(`process_stop 0 etcd; install -d -o etcd -m 700 ${copy}; cp -a /var/lib/etcd/member ${copy}/
      process_create etcd-force-epoch-4 ${quoted(spec)}; process_start etcd-force-epoch-4`);
    const members = () =>
      shell(
        `pid=$(process_pid etcd-force-epoch-4); nsenter -t "$pid" -n curl -sf http://127.0.0.1:2380/members || true`,
      );
    await until("a cluster of one", 30, async () => (await members()).split('"id":').length === 2);
    assert.equal(await shell('ps -o user= -p "$(process_pid etcd-force-epoch-4)"'), "etcd");
    assert.equal(
      await shell(
        'nsenter -t "$(process_pid etcd-force-epoch-4)" -n ls /sys/class/net 2>/dev/null; process_exec etcd-force-epoch-4 cat /proc/net/dev | grep -c eth0 || true',
      ),
      await shell("ls /sys/class/net; echo 0"),
    );
    await shell("process_stop 10 etcd-force-epoch-4; process_drop etcd-force-epoch-4");
    assert.equal(await shell(`find ${copy} ! -user etcd`), "");
    assert.equal(await shell("process_names"), "etcd");
    await shell(`rm -rf ${copy}; process_start etcd`);
  });

  it("its settings with the flag make the data itself a cluster of one, the same file without it ends that", async () => {
    const found = await described();
    const forced = { ...found.process, cmd: [...found.process.cmd, "--force-new-cluster=true"] };
    await shell(`process_set_aside etcd etcd-before-epoch-4 0
      process_create etcd ${quoted(systemd.spec(forced, 4, { base: found }))}; process_start etcd`);
    await until("a cluster of one", 30, async () => (await serves()) === "yes");
    assert.equal((await shell("process_etcdctl etcd '' member list")).split("\n").length, 1);
    assert.equal((await described()).epoch, 4);
    assert.match(await shell("process_command etcd"), /^--force-new-cluster=true$/m);
    await shell(`process_stop 5 etcd; process_drop etcd
      process_create etcd ${quoted(systemd.spec(found.process, 4, { base: found }))}; process_start etcd`);
    await until("its health", 30, async () => (await serves()) === "yes");
    assert.equal(await shell("cat /etc/etcd.env"), `${env}\n# rke-dr.epoch: 4`);
    assert.equal(await owners(), owned);
    await rebooted();
    await until("its start at boot", 30, async () => (await serves()) === "yes");
  });

  it("a resident process that comes first runs before etcd at boot, and sets it aside then", async () => {
    const script = [
      'if [ "$1" = --first ]; then systemctl is-active etcd >/root/etcd-then',
      `. /root/runtime.sh; process_set_aside etcd etcd-before-epoch-5 0; exit; fi; sleep 1000`,
    ].join("\n");
    const library = `die() { echo "died: $*" >&2; exit 9; }\n${text}\n`;
    await lab.execOn("h1", ["bash", "-c", "cat >/root/runtime.sh"], { input: library });
    await lab.execOn("h1", ["bash", "-c", "cat >/root/watch.sh"], { input: script });
    // installed while etcd runs: FIRST runs now, too
    await shell("sed -i 's/--first/--later/' /root/watch.sh; process_keep_resident watch /root/watch.sh '' --first");
    assert.equal(await status(), "running");
    await shell("sed -i 's/--later/--first/' /root/watch.sh");
    // all boots have the machine's own boot ID
    const since = await shell("date +@%s; sleep 1");
    await rebooted();
    await until("the resident process", 40, async () => (await status("watch")) === "running");
    assert.equal(await shell("cat /root/etcd-then"), "inactive");
    assert.deepEqual([await status(), await status("etcd-before-epoch-5")], ["missing", "exited"]);
    assert.equal(
      await shell(`systemctl is-active etcd || true; journalctl --since ${since} -q -o cat _SYSTEMD_UNIT=etcd.service`),
      "inactive",
    );
    await shell("process_drop watch");
  });
});
