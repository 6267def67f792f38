import { deepStrictEqual, equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { machineProblems, thisMachine } from "../../lab/build/toolchain";
import { keeperOf } from "../../lab/hosts/host";
import { Lab } from "../../lab/lab";
import { allStats, kill, type ProcessMark } from "../../lab/machine/processes";
import { until } from "../../lab/machine/run";
import { nothingLeft, tenUpAndDown } from "./nothing-left";

const problems = machineProblems(thisMachine());
const suite = problems.length === 0 ? describe : describe.skip;
const why = problems.length === 0 ? "" : ` (skipped: ${problems.join("; ")})`;

suite(`lab: killed at any moment${why}`, function () {
  this.timeout(1_800_000); // the first time, Kubernetes is built
  const parent = mkdtempSync(join(tmpdir(), "rke-lab-test-"));
  const lab = Lab.open(join(parent, "lab"));
  const topology = join(parent, "topology.yml");
  writeFileSync(topology, "datacenters: [{name: a, deployHost: h1, hosts: [{name: h1, address: 10.9.0.1}]}]\n");
  const CLI = [process.execPath, "--import", "tsx", join(__dirname, "../../lab/cli.ts")];

  const works = async () => {
    deepStrictEqual(
      (await lab.status()).hosts.map(({ power, ssh, daemon }) => [power, ssh, daemon]),
      [["on", "up", "up"]],
    );
  };
  /** Runs the lab's command line and kills it when it has said `line`; true if it was still running then. */
  const killAt = (line: string, ...args: string[]) =>
    new Promise<boolean>((done) => {
      const [node = "", ...options] = CLI;
      const child = spawn(node, [...options, ...args], {
        env: { ...process.env, LAB_DIR: lab.place.dir },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        // in pieces, as the pipe gives it
        said += text;
        if (said.includes(line)) child.kill("SIGKILL");
      });
      child.on("exit", (_, signal) => done(signal === "SIGKILL"));
    });
  /** The living process of the host whose name is `name`, nearest to its init. */
  const ofHost = (name: string): ProcessMark | undefined => {
    const keeper = keeperOf(lab.place, "h1");
    let level = keeper ? [keeper.pid] : [];
    while (level.length > 0) {
      const children = allStats().filter(({ parent: of }) => level.includes(of));
      const found = children.find(({ pid }) => nameOf(pid) === name);
      if (found) return found;
      level = children.map(({ pid }) => pid);
    }
    return undefined;
  };

  before(() => lab.up({ topology }));
  after(async () => {
    await lab.down();
    rmSync(parent, { recursive: true });
  });

  // A process of the lab, and how many that leaves it: the death of init is that of the host.
  const processes: [string, () => ProcessMark | undefined][] = [
    ["a host's keeper", () => keeperOf(lab.place, "h1")],
    ["a host's init", () => ofHost("bash")],
    ["its sshd", () => ofHost("sshd")],
    ["its dockerd", () => ofHost("dockerd")],
    ["its containerd", () => ofHost("containerd")],
  ];
  for (const [name, find] of processes) {
    it(`${name}: the next up mends it, keeping the disk`, async () => {
      await lab.up({ topology });
      await lab.execOn("h1", ["touch", `/etc/kubernetes/${name.replaceAll(/\W/g, "-")}`]);
      const victim = find();
      equal(victim === undefined, false, `no process for ${name}`);
      if (victim) kill(victim);
      if (name !== "its containerd")
        await until("the death to show", 60, async () => JSON.stringify(await lab.status()).includes("down"));
      await lab.up({ topology });
      await works();
      equal((await lab.execOn("h1", ["test", "-e", `/etc/kubernetes/${name.replaceAll(/\W/g, "-")}`])).code, 0);
    });
    it(`${name}: down removes everything`, async () => {
      await lab.up({ topology });
      const victim = find();
      if (victim) kill(victim);
      await lab.down();
      await nothingLeft(lab);
    });
  }

  it("a host that was powered off stays off at the next up", async () => {
    await lab.up({ topology });
    await lab.powerOff("h1");
    await lab.up({ topology });
    equal(lab.isOn("h1"), false);
    await lab.powerOn("h1");
    await works();
  });

  const moments: [string, string[]][] = [
    ["1 hosts in 1 datacenters", ["up", "--topology", topology]],
    ["STAND-INS", ["up", "--topology", topology]],
    [": on, sshd", ["up", "--topology", topology]],
    ["switching off", ["down"]],
  ];
  for (const [line, args] of moments)
    for (const next of ["up", "down"] as const)
      it(`\`${args[0]}\` at "${line}": the next ${next} cleans up`, async () => {
        // on a busy machine it may have ended before this process has read the line: then once more
        let killed = false;
        for (let attempt = 0; attempt < 5 && !killed; attempt++) {
          if (args[0] === "down") await lab.up({ topology });
          else await lab.down();
          killed = await killAt(line, ...args);
        }
        equal(killed, true, "it ended before it could be killed, five times");
        if (next === "up") {
          await lab.up({ topology });
          await works();
        } else {
          await lab.down();
          await nothingLeft(lab);
        }
      });

  it("ten up and down leave nothing behind and don't slow down", () => tenUpAndDown(lab, () => lab.up({ topology })));
});

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
