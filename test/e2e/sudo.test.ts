import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run, until } from "../../lab/machine/run";
import { loginOf } from "../../lab/state/topology";
import { onRequest } from "./on-request";
import { World } from "./world";

onRequest("sudo", "hosts without root's login, whose users have sudo", function () {
  this.timeout(600_000);
  const world = new World();

  before(async function () {
    this.timeout(1_800_000);
    await world.build({ topology: join(__dirname, "../../topologies/sudo.yaml") });
  });
  after(() => world.lab.down());

  const traces = () => Promise.all(["master3", "node2"].map((host) => world.traces(host)));
  /** Texts that must not be in a log: lines of the keys that the program has brought to master3. */
  const secrets = async () =>
    (await world.on("master3", "cat /etc/rke-dr/ssh/id_ed25519 /etc/rke-dr/certs/*-key.pem"))
      .split("\n")
      .filter((line) => line.length > 40);

  it("root can't log in", async () => {
    const { topology } = world.lab.state();
    for (const host of world.lab.hosts()) {
      const port = String(loginOf(topology, host).port);
      const options = ["-p", port, "-i", world.lab.operatorKeyPath, "-o", "BatchMode=yes"];
      const unchecked = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
      const said = await world.lab.inOperator(["ssh", ...options, ...unchecked, `root@${host.address}`, "true"]);
      assert.match(said.stderr, /Permission denied/, host.name);
    }
  });

  it("a second run of primary finds nothing to do", async () => {
    const project = await world.lab.project();
    const again = await world.pulumi(project, "up", "--yes", "--expect-no-changes", "--stack", "primary");
    assert.equal(again.code, 0, again.all);
  });

  it("a rehearsal runs, and its report is kept where only root reads it", async () => {
    const command = await world.lab.rehearseCommand(["--json"]);
    const result = await run(command.argv, command);
    assert.equal(result.code, 0, result.stderr);
    assert.match(await world.on("master3", "stat -c '%U %a' /var/lib/rke-dr/rehearsals/*.json"), /^root 600$/);
  });

  it("up changes nothing where sudo asks for a password, and one error says so of all hosts", async () => {
    await world.lab.powerOff("a");
    const clone = await world.confirmed("password");
    const before = await traces();
    const mend: string[] = [];
    for (const [host, user] of [
      ["master3", "rke"],
      ["node2", "ubuntu"],
    ] as const) {
      await world.on(host, `sed -i.kept 's/^${user} ALL=.*/${user} ALL=(ALL) ALL/' /etc/sudoers.d/rke-lab`);
      mend.push(host);
    }
    const preview = await world.failover(clone, "preview");
    const up = await world.failover(clone);
    for (const host of mend) await world.on(host, "mv /etc/sudoers.d/rke-lab.kept /etc/sudoers.d/rke-lab");
    assert.equal(preview.code, 0, preview.all);
    assert.notEqual(up.code, 0);
    for (const { all } of [preview, up]) {
      assert.match(
        all,
        /rights: .*master3: sudo must make rke root without a password .*: it says "sudo: a password is required"/,
      );
      assert.match(all, /node2: sudo must make ubuntu root .*\n *Put `ubuntu ALL=\(ALL\) NOPASSWD: ALL`/);
    }
    assert.deepEqual(await traces(), before);
  });

  const wrong: [what: string, host: string, make: string, undo: string, words: RegExp][] = [
    [
      "sudo wants a terminal",
      "node2",
      "echo 'Defaults requiretty' >/etc/sudoers.d/tty",
      "rm /etc/sudoers.d/tty",
      /^rights: node2: sudo must make ubuntu root .*you must have a tty to run sudo.*\n.*!requiretty/,
    ],
    [
      "sudo isn't there",
      "node2",
      "mv /usr/bin/sudo /usr/bin/away",
      "mv /usr/bin/away /usr/bin/sudo",
      /^rights: node2: sudo must make ubuntu root .*sudo: command not found/,
    ],
    [
      "sudo records stdin",
      "master3",
      "echo 'Defaults log_input' >/etc/sudoers.d/io",
      "rm /etc/sudoers.d/io",
      /^rights: master3: sudo must not record what commands of rke read on stdin/,
    ],
    [
      "the user isn't in docker's group",
      "master3",
      "gpasswd -d rke docker",
      "gpasswd -a rke docker",
      /^rights: master3: rke must be in docker's group, since `rke up` reaches docker as this user/,
    ],
  ];
  for (const [what, host, make, undo, words] of wrong) {
    it(`a guard stops the failover: ${what}`, async () => {
      assert.equal((await world.lab.execOn(host, ["bash", "-c", make])).code, 0);
      const told = await world.stops(await world.confirmed(what.replace(/\W+/g, "-")), {});
      assert.equal((await world.lab.execOn(host, ["bash", "-c", undo])).code, 0);
      assert.ok(
        told.some((line) => words.test(line)),
        told.join("\n"),
      );
    });
  }

  it("a failover runs, does the worker's steps by the deploy host, and its report can be read", async () => {
    const clone = await world.confirmed("by-sudo");
    assert.deepEqual(await world.stops(clone, {}), []);
    const up = await world.failover(clone);
    assert.equal(up.code, 0, up.all);
    assert.equal(await world.on("node2", "cat /var/lib/rke-dr/epoch"), "2");
    assert.equal((await world.upAgain(clone)).code, 0);
    const report = await world.report(clone, "--json");
    assert.equal(report.code, 0, report.stderr);
    assert.equal((JSON.parse(report.stdout) as { epoch: number }).epoch, 2);
  });

  it("an operator whose key is in an ssh-agent finds the act done, from a fresh clone", async () => {
    const socket = `${world.lab.place.dir}-agent`;
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    const earlier = process.env.SSH_AUTH_SOCK;
    process.env.SSH_AUTH_SOCK = socket;
    try {
      await until("the agent's socket", 20, async () => existsSync(socket));
      assert.equal((await run(["ssh-add", world.lab.operatorKeyPath])).code, 0);
      const clone = await world.confirmed("by-agent");
      world.edit(clone, "Pulumi.yaml", (text) => text.replace(/keyPath: .*/, "agent: true"));
      const before = await traces();
      const up = await world.failover(clone);
      assert.equal(up.code, 0, up.all);
      assert.match(up.all, /master3\.rke-lab: already done/);
      assert.deepEqual(await traces(), before);
    } finally {
      if (earlier === undefined) delete process.env.SSH_AUTH_SOCK;
      else process.env.SSH_AUTH_SOCK = earlier;
      agent.kill();
    }
  });

  it("the return guard asks by sudo, and puts the returned hosts in quarantine", async () => {
    await world.lab.powerOn("a");
    for (const host of ["master1", "master2"])
      await until(`${host}: quarantine`, 180, async () =>
        (await world.on(host, "cat /var/lib/rke-dr/quarantine")).startsWith("epoch=2"),
      );
  });

  it("sudo's log has the program's commands, and no key is in it, in command lines or in what Pulumi printed", async () => {
    const keys = await secrets();
    assert.ok(keys.length > 50);
    for (const { name } of world.lab.hosts()) {
      const log = await world.on(name, "cat /var/log/sudo.log");
      assert.match(log, /COMMAND=\S*timeout -k 10 180 bash -s -- claim 1 /);
      for (const key of keys) assert.ok(!log.includes(key), name);
    }
    const lines = [...world.commandLines].join("\n");
    assert.match(lines, /sudo\0-n\0-k\0timeout/);
    for (const key of keys) assert.ok(!lines.includes(key) && !world.printed.includes(key));
  });
});
