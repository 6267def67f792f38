import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { machineProblems, thisMachine } from "../../lab/build/toolchain";
import { Lab } from "../../lab/lab";
import { findProgram } from "../../lab/machine/packages";
import { kill } from "../../lab/machine/processes";
import { type run, until } from "../../lab/machine/run";
import { processesIn } from "../../lab/network/network";

const problems = machineProblems(thisMachine());
const suite = problems.length === 0 ? describe : describe.skip;
const why = problems.length === 0 ? "" : ` (skipped: ${problems.join("; ")})`;

const TOPOLOGY = `datacenters:
  - { name: a, deployHost: m1, hosts: [{ name: m1, address: 10.8.0.1 }] }
  - { name: b, deployHost: m2, hosts: [{ name: m2, address: 10.8.0.2 }] }
`;

suite(`lab: faults${why}`, function () {
  this.timeout(240_000);
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-test-"));
  const lab = Lab.open(join(parent, "lab"));
  const on = async (host: string, ...argv: string[]) => lab.execOn(host, argv);
  const faults = async () => (await lab.status()).faults;
  /** The experience of a client of an SSH port: the greeting, silence after the handshake, or how the dial fails. */
  const dial = (address: string) =>
    `exec 3<>/dev/tcp/${address}/22 || exit 3; echo connected; IFS= read -r -t 1 line <&3; echo "$line"`;
  const meets = ({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>): string => {
    if (stdout.includes("SSH-")) return "answer";
    if (stdout.startsWith("connected")) return "silence";
    if (code === 124) return "timeout";
    return /No route to host|Connection refused/.exec(stderr)?.[0] ?? stderr;
  };
  const fromOperator = async (address: string) =>
    meets(await lab.inOperator(["timeout", "2", "bash", "-c", dial(address)]));
  const fromM2 = async () => meets(await on("m2", "timeout", "2", "bash", "-c", dial("10.8.0.1")));
  /** An answer is waited for: sshd's greeting takes a busy machine a while. */
  const answers = (from: () => Promise<string>) => until("an answer", 60, async () => (await from()) === "answer");
  const ETCD = "http://127.0.0.1:2379";
  const etcdctl = (...args: string[]) =>
    on(
      "m1",
      "docker",
      "exec",
      "etcd",
      "etcdctl",
      "--endpoints",
      ETCD,
      "--dial-timeout=1s",
      "--command-timeout=2s",
      ...args,
    );

  before(async function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
    const file = join(parent, "topology.yml");
    writeFileSync(file, TOPOLOGY);
    await lab.up({ topology: file });
    const image = (await on("m1", "docker", "images", "--format", "{{.Repository}}:{{.Tag}}")).stdout.match(
      /.*etcd.*/,
    )?.[0];
    const started = await on(
      "m1",
      ...["docker", "run", "-d", "--name", "etcd", "--restart=always", "--net=host", "-v", "/var/lib/etcd:/data"],
      ...[image ?? "no image of etcd", "etcd", "--data-dir", "/data"],
    );
    equal(started.code, 0, started.stderr);
    await until("etcd's first write", 120, async () => (await etcdctl("put", "key", "value")).code === 0);
  });
  afterEach(async () => {
    await lab.heal();
    deepStrictEqual(await faults(), []);
  });
  after(async () => {
    await lab.down();
    rmSync(parent, { recursive: true });
  });

  it("freeze: accepts connections, answers nothing; containers stand still, too", async () => {
    await lab.freeze("m1");
    deepStrictEqual(await faults(), ["freeze m1"]);
    equal(await fromOperator("10.8.0.1"), "silence");
    equal((await lab.inOperator(["curl", "-s", "-m", "1", "http://10.8.0.1:2379/health"])).code === 0, false);
    await rejects(on("m1", "true"), { message: /^host m1: must answer, is frozen/ });
    await lab.heal();
    await answers(() => fromOperator("10.8.0.1"));
    equal((await etcdctl("get", "key")).stdout, "key\nvalue\n");
  });

  it("freeze: a frozen host can be switched off and on", async () => {
    await lab.freeze("a");
    await lab.powerOff("a");
    deepStrictEqual(await faults(), []);
    await lab.powerOn("a");
    await until("etcd", 120, async () => (await etcdctl("get", "key")).stdout === "key\nvalue\n");
  });

  const withNft = findProgram("nft") ? it : it.skip;
  withNft("drop: packets vanish, for the operator and for hosts", async () => {
    await lab.drop("m1");
    deepStrictEqual(await faults(), ["drop m1"]);
    deepStrictEqual(await Promise.all([fromOperator("10.8.0.1"), fromM2()]), ["timeout", "timeout"]);
    await answers(() => fromOperator("10.8.0.2"));
    await lab.heal();
    await answers(fromM2);
  });

  it("cut-operator: the operator loses a datacenter, which still reaches the others", async () => {
    await lab.cutOperator("a");
    deepStrictEqual(await faults(), ["cut-operator a"]);
    await answers(fromM2);
    match(await fromOperator("10.8.0.1"), /timeout|No route to host/);
    await answers(() => fromOperator("10.8.0.2"));
  });

  withNft("slow-link: packets between datacenters get lost, those of the operator don't", async () => {
    await lab.slowLink(0, 100);
    deepStrictEqual(await faults(), ["slow-link 0 --loss 100"]);
    equal((await fromM2()) === "answer", false);
    await answers(() => fromOperator("10.8.0.1"));
    await lab.slowLink(0, 0);
    await answers(fromM2);
  });

  it("slow-link: a connection between datacenters waits both ways, the operator's doesn't", async () => {
    const timed = `start=$EPOCHREALTIME; exec 3<>/dev/tcp/10.8.0.1/22; echo "$start $EPOCHREALTIME"`;
    /** Of a few connections the quickest, in milliseconds: a busy machine only ever adds to them. */
    const quickest = async (dial: () => Promise<{ stdout: string }>) => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const [start, end] = (await dial()).stdout.trim().split(" ").map(Number);
        times.push(((end ?? 0) - (start ?? 0)) * 1000);
      }
      return Math.min(...times);
    };
    const ofM2 = () => quickest(() => on("m2", "bash", "-c", timed));
    const ofOperator = () => quickest(() => lab.inOperator(["bash", "-c", timed]));
    await answers(fromM2); // addresses are known now
    await lab.slowLink(80);
    deepStrictEqual(await faults(), ["slow-link 80"]);
    const slow = await ofM2();
    equal(slow >= 160 && slow < 1000, true, `${slow} ms`);
    equal((await ofOperator()) < 80, true);
    for (const mark of processesIn(lab.place.name)) kill(mark); // as if the lab's relays had died
    await lab.heal();
    equal((await ofM2()) < 80, true);
  });

  it("fill-disk: not a byte fits, for the machine many do", async () => {
    equal((await on("m1", "sh", "-c", "echo old > /etc/kubernetes/file")).code, 0);
    await lab.fillDisk("m1");
    deepStrictEqual(await faults(), ["fill-disk m1"]);
    for (const file of ["/etc/kubernetes/new", "/var/lib/etcd/new", "/root/new"])
      match((await on("m1", "bash", "-c", `echo new > ${file}`)).stderr, /No space left on device/);
    equal((await on("m2", "sh", "-c", "echo new > /etc/kubernetes/new")).code, 0);
    await lab.powerOff("m1");
    await lab.heal();
    deepStrictEqual(await faults(), ["fill-disk m1"], "the disk of a host that is off stays full");
    await lab.powerOn("m1");
    await lab.heal();
    equal((await on("m1", "sh", "-c", "cat /etc/kubernetes/file && echo new > /etc/kubernetes/new")).stdout, "old\n");
  });

  it("corrupt-etcd: etcd ends over it and can't start; healed, it has its data", async () => {
    await until("etcd", 120, async () => (await etcdctl("put", "key", "newer")).code === 0);
    await rejects(lab.corruptEtcd("m2"), { message: /^corrupt-etcd: host m2 must have .*, has none$/ });
    await lab.corruptEtcd("m1");
    deepStrictEqual(await faults(), ["corrupt-etcd m1"]);
    await on("m1", "docker", "restart", "-t", "1", "etcd");
    const logs = async () => (await on("m1", "docker", "logs", "--tail", "200", "etcd")).stderr;
    await until("a panic of etcd", 120, async () => /panic/.test(await logs()));
    equal((await etcdctl("get", "key")).code === 0, false);
    await lab.heal();
    await until("etcd", 120, async () => (await etcdctl("get", "key")).stdout === "key\nnewer\n");
  });

  it("kill: a container's process dies; docker starts it again, or heal does", async () => {
    const runs = async (name: string) => (await on("m1", "docker", "inspect", "-f", "{{.State.Running}}", name)).stdout;
    const restarts = async () =>
      Number((await on("m1", "docker", "inspect", "-f", "{{.RestartCount}}", "etcd")).stdout);
    await on("m1", "docker", "run", "-d", "--name", "once", "--net=host", "rancher/rke-tools:v0.1.72", "sleep", "1000");
    const before = await restarts();
    await lab.kill("m1", "etcd");
    await lab.kill("m1", "once");
    deepStrictEqual(await faults(), ["kill m1 etcd", "kill m1 once"]);
    await until("docker's restart of etcd", 120, async () => (await restarts()) > before);
    await until("the other's end", 120, async () => (await runs("once")) === "false\n");
    await rejects(lab.kill("m1", "none"), {
      message: /^kill: container must be one that runs on host m1 .*, is "none"$/,
    });
    await lab.heal();
    deepStrictEqual([await runs("etcd"), await runs("once")], ["true\n", "true\n"]);
  });

  it("set-clock is refused by name", async () => {
    await rejects(lab.setClock("m1", 90), { message: /^set-clock m1 \+90: can't be had here/ });
  });
});
