import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { machineProblems, thisMachine } from "../../lab/build/toolchain";
import { initOf } from "../../lab/hosts/host";
import { Lab } from "../../lab/lab";
import { isAlive } from "../../lab/machine/processes";
import { run, until } from "../../lab/machine/run";

const problems = machineProblems(thisMachine());
const suite = problems.length === 0 ? describe : describe.skip;
const why = problems.length === 0 ? "" : ` (skipped: ${problems.join("; ")})`;
const SEED = join(__dirname, "fixtures/seed.yaml");

suite(`lab: real hosts${why}`, function () {
  this.timeout(240_000);
  const lab = Lab.open(join(mkdtempSync(join(tmpdir(), "rke-lab-test-")), "one"));
  const on = (host: string, ...argv: string[]) => lab.execOn(host, argv);
  const reaches = async (from: string, address: string) => {
    const dial = `exec 3<>/dev/tcp/${address}/22 && head -c 4 <&3`;
    return (await lab.execOn(from, ["timeout", "2", "bash", "-c", dial])).stdout === "SSH-";
  };
  /** For those that must reach each other: a link that has just come up, or a busy machine, takes its time. */
  const reached = (from: string, address: string) =>
    until(`a way from ${from} to ${address}`, 60, () => reaches(from, address));
  const cli = (...args: string[]) =>
    run([process.execPath, "--import", "tsx", join(__dirname, "../../lab/cli.ts"), ...args], {
      env: { ...process.env, LAB_DIR: lab.place.dir },
    });

  before(async function () {
    this.timeout(1_800_000); // the first time, Kubernetes is built
    await lab.up({ topology: SEED });
  });
  after(async () => {
    await lab.down();
    rmSync(dirname(lab.place.dir), { recursive: true });
  });

  it("says so where it is up already, and changes nothing", async () => {
    const init = initOf(lab.place, "master1");
    await lab.up({ topology: SEED });
    deepStrictEqual(initOf(lab.place, "master1"), init);
  });

  it("has every host up, with sshd and dockerd", async () => {
    const status = await lab.status();
    deepStrictEqual(
      status.hosts.map(({ name, power, ssh, daemon }) => `${name} ${power} ${ssh} ${daemon}`),
      ["master1", "master2", "node1", "master3", "node2"].map((name) => `${name} on up up`),
    );
    deepStrictEqual(status.links, { a: "up", b: "up" });
  });

  it("gives each host its own name, process tree, disk and RKE's images", async () => {
    equal((await on("node2", "hostname")).stdout, "node2.rke-lab\n");
    equal((await on("node2", "cat", "/proc/1/comm")).stdout, "bash\n");
    await on("node2", "touch", "/etc/kubernetes/mine");
    equal((await on("node1", "test", "-e", "/etc/kubernetes/mine")).code, 1);
    equal(existsSync("/etc/kubernetes/mine"), false);
    match((await on("node2", "docker", "images")).stdout, /rancher\/hyperkube +v1\.20\.5-rancher1/);
    equal((await on("node2", "ls", lab.place.dir)).code, 2, "the operator's keys are hidden from hosts");
  });

  it("lets the operator in by SSH, with the pinned host key", async () => {
    const ssh = ["ssh", "-i", lab.operatorKeyPath, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"];
    const options = ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
    const said = await lab.inOperator([...ssh, ...options, "root@192.168.31.103", "hostname; command -v rke"]);
    equal(said.stdout, "master3.rke-lab\n/usr/local/bin/rke\n");
  });

  it("has no way outside", async () => {
    equal((await on("master1", "ip", "route", "show", "default")).stdout, "");
    equal((await lab.inOperator(["ip", "route", "show", "default"])).stdout, "");
  });

  it("exec: streams and exit code are the command's", async () => {
    equal((await lab.execOn("master1", ["cat"], { input: "hello" })).stdout, "hello");
    const said = await cli("exec", "master1", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    deepStrictEqual([said.code, said.stdout], [7, "out\n"]);
    match(said.stderr, /err\n$/);
  });

  it("power-off and power-on: everything dies at once, disk and containers come back", async () => {
    const container = ["docker", "run", "-d", "--name", "keeper", "--restart=always", "--net=host", "--privileged"];
    equal((await on("master1", ...container, "rancher/rke-tools:v0.1.72", "sleep", "1000")).code, 0);
    equal((await on("master1", "docker", "exec", "--privileged", "keeper", "true")).code, 0);
    await on("master1", "sh", "-c", "echo kept > /var/lib/etcd/file");
    const init = initOf(lab.place, "master1");
    await lab.powerOff("a");
    equal(isAlive(init), false);
    deepStrictEqual(
      ["master1", "node1", "master3"].map((host) => lab.isOn(host)),
      [false, false, true],
    );
    equal(await reaches("master3", "192.168.31.101"), false);
    await rejects(lab.execOn("master1", ["true"]), { message: "host master1: must be powered on, is off" });

    await lab.powerOn("a");
    equal((await on("master1", "cat", "/var/lib/etcd/file")).stdout, "kept\n");
    await until("the container", 120, async () => (await on("master1", "docker", "exec", "keeper", "true")).code === 0);
    await reached("master3", "192.168.31.101");
  });

  it("a folder of a host's data can be renamed, as on a server's one disk", async () => {
    equal((await on("node1", "mv", "/var/lib/etcd", "/var/lib/etcd-before")).code, 0);
    equal((await on("node1", "mv", "/var/lib/etcd-before", "/var/lib/etcd")).code, 0);
  });

  it("cut-link: datacenters don't reach each other, the operator reaches both; heal-link undoes it", async () => {
    await lab.cutLink();
    deepStrictEqual((await lab.status()).links, { a: "cut", b: "cut" });
    equal(await reaches("master3", "192.168.31.101"), false);
    await reached("master3", "192.168.31.105");
    for (const { ssh } of (await lab.status()).hosts) equal(ssh, "up");
    await lab.healLink("b");
    equal(await reaches("master3", "192.168.31.101"), false);
    await lab.healLink("a");
    await reached("master3", "192.168.31.101");
  });

  it("refuses unknown names", async () => {
    await rejects(lab.powerOff("c"), { message: /^target: must be a host or a datacenter of the lab .*, is "c"$/ });
    await rejects(lab.cutLink("c"), { message: 'datacenter: must be one of the lab\'s (a, b), is "c"' });
  });

  it("stands beside another lab with the same addresses", async () => {
    const other = Lab.open(`${lab.place.dir}-two`);
    await other.up({ topology: SEED });
    await other.powerOff("a");
    equal(lab.isOn("master1"), true);
    await reached("master3", "192.168.31.101");
    await other.down();
    await reached("master3", "192.168.31.101");
  });
});

suite(`lab: what a killed run leaves${why}`, function () {
  this.timeout(240_000);
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-test-"));
  const small = join(parent, "small.yml");
  writeFileSync(small, "datacenters: [{name: a, deployHost: h1, hosts: [{name: h1, address: 10.9.0.1}]}]\n");
  const lab = Lab.open(join(parent, "lab"));
  const nothingLeft = async () => {
    const names = (await run(["ip", "netns", "list"])).stdout;
    equal(names.includes(lab.place.name), false);
    equal(existsSync(lab.place.dir), false);
  };

  after(() => rmSync(parent, { recursive: true }));

  it("down works after the death of a host's processes, and without the lab's records", async () => {
    await lab.up({ topology: small });
    const init = initOf(lab.place, "h1");
    await lab.execOn("h1", ["sh", "-c", "kill -9 $(cat /run/docker.pid)"]);
    await run(["rm", "-rf", lab.place.dir]);
    equal(isAlive(init), true);
    await lab.down();
    equal(isAlive(init), false);
    await nothingLeft();
  });

  it("refuses a LAB_DIR that holds other files, and leaves them", async () => {
    const full = Lab.open(parent);
    await rejects(full.up({ topology: small }), {
      message: /^LAB_DIR: must be an empty or new folder, .* holds small\.yml$/,
    });
    await full.down();
    equal(existsSync(small), true);
  });

  it("refuses a LAB_RKE that is no rke", async () => {
    process.env.LAB_RKE = "/bin/true";
    try {
      await rejects(lab.up({ topology: small }), {
        message: /^LAB_RKE: must be rke v1\.2\.7, the topology's rkeVersion, \/bin\/true says no version$/,
      });
    } finally {
      delete process.env.LAB_RKE;
    }
    await nothingLeft();
  });
});
