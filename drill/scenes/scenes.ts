/**
 * The four scenes of a recorded exercise with a kubeadm cluster, each done by hand as its author did it: a part of the control planes stops, all of them stop,
 * a host is given another's certificates, a host is to join while there is no quorum. At each moment the program's preview must say what is the matter and
 * what to do.
 */
import { join } from "node:path";
import type { Lab } from "../../lab/lab";
import { LabError, until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { Client } from "../client";
import { Drill, summary } from "../drill";
import { longestGap } from "../history";
import { namespace } from "../workload";
import {
  certificatesAnew,
  copyCertificates,
  healthyVoters,
  leader,
  on,
  reads,
  startControlPlane,
  stopControlPlane,
} from "./hands";
import type { ScenesReport } from "./report";

/** Milliseconds without a write that a client may see while etcd's leader moves and the client turns to another server. */
const gapLimit = 10_000;

/** Scene 4, a join, comes in the midst of `all`: then there is no quorum. */
export const SCENES = ["part", "all", "certificates"] as const;
export type Scene = (typeof SCENES)[number];

export async function scenesDrill(lab: Lab, folder: string, wanted: readonly Scene[]): Promise<ScenesReport> {
  const scenes = new Scenes(new Drill(lab, folder), await lab.project(), await lab.newClone("failover"));
  await scenes.prepare(join(folder, "writes.jsonl"));
  try {
    if (wanted.includes("part")) await scenes.aPart();
    if (wanted.includes("all")) await scenes.all();
    if (wanted.includes("certificates")) await scenes.copiedCertificates();
    await scenes.wholeAgain();
  } finally {
    await scenes.client?.stop();
  }
  const { drill, previews } = scenes;
  return {
    verified: drill.checks.every((c) => c.ok),
    steps: drill.steps,
    checks: drill.checks,
    previews,
    standIns: lab.standIns(),
  };
}

class Scenes {
  readonly previews: ScenesReport["previews"] = [];
  client: Client | undefined;
  private readonly servers: { name: string; address: string }[];

  constructor(
    readonly drill: Drill,
    private readonly project: Workspace,
    private readonly clone: Workspace,
  ) {
    this.servers = drill.cluster.servers;
    if (this.servers.length !== 3) {
      throw new LabError(`--scenes: the cluster must have 3 control plane hosts, has ${this.servers.length}`);
    }
  }

  async prepare(log: string): Promise<void> {
    const { drill } = this;
    await drill.step("pulumi up --stack primary", () =>
      drill.mustPulumi(["up", "--yes", "--skip-preview", "--stack", "primary"], this.project),
    );
    await drill.kubectl(["create", "namespace", namespace]);
    const urls = this.servers.map((h) => `https://${h.address}:6443`);
    const [first] = this.servers;
    this.client = await Client.start(drill.lab, first?.name ?? "", urls, log);
    await this.writes(10);
  }

  /** Scene 1: the host of etcd's leader stops, then a second one; the second comes back, then the first. */
  async aPart(): Promise<void> {
    const { drill } = this;
    const led = (await leader(drill)) ?? "";
    const from = Date.now();
    await drill.step(`scene 1: the manifests of ${led}, whose etcd leads, are moved away`, () =>
      stopControlPlane(drill, led),
    );
    await until("etcd has another leader", 30, async () => ![undefined, led].includes(await leader(drill)));
    await this.writes(10);
    const now = await leader(drill);
    drill.check("scene 1: the leader moves, and the API goes on", now !== undefined, `from ${led} to ${now}`);
    const gap = longestGap(this.client?.history() ?? [], from, Date.now());
    drill.check(
      "scene 1: a client waits for no longer than 10 s",
      gap <= gapLimit,
      `${(gap / 1000).toFixed(1)} s at most`,
    );
    await this.preview("one of three is stopped", "primary", [
      ["names the host whose etcd is stopped", new RegExp(`${led}\\b.*voter.*STOPPED|STOPPED.*${led}`)],
      ["says what another loss would cost", /the loss of \S+( or \S+)? loses quorum|writes stop/],
    ]);
    const second = this.servers.find((h) => h.name !== led && h.name !== now)?.name ?? "";
    await drill.step(`scene 1: the manifests of ${second} are moved away, too`, () => stopControlPlane(drill, second));
    await this.noQuorum("scene 1: two of three are stopped", [led, second]);
    await this.back("scene 1", second, 2);
    await this.back("scene 1", led, 3);
  }

  /** Scene 2: all stop. Scene 4 in the middle of it: a host is to join while there is no quorum. */
  async all(): Promise<void> {
    const { drill } = this;
    await drill.step("scene 2: the manifests of all control plane hosts are moved away", async () => {
      await Promise.all(this.servers.map((h) => stopControlPlane(drill, h.name)));
    });
    await this.noQuorum(
      "scene 2: all are stopped",
      this.servers.map((h) => h.name),
    );
    const [first, second, third] = this.servers.map((h) => h.name) as [string, string, string];
    await startControlPlane(drill, first);
    await until(
      `${first}: etcd runs again`,
      180,
      async () => (await on(drill, first, "crictl ps -q --name '^etcd$'")) !== "",
    );
    // with the configuration of its `kubeadm init`: a host of the lab has no default route, by which kubeadm would find its address
    const upload = "kubeadm init phase upload-certs --upload-certs --config /root/kubeadm.yaml";
    await drill.step("scene 4: certificates are uploaded for a host that is to join, without a quorum", async () => {
      const ran = await drill.lab.execOn(first, ["bash", "-c", `timeout 150 ${upload} 2>&1`], { timeoutSeconds: 200 });
      drill.check("scene 4: kubeadm can't, and says so", ran.code !== 0, outcome(ran.stdout));
    });
    await this.noQuorum("scene 4: a join, without a quorum", [second, third]);
    await this.back("scene 2", second, 2);
    await drill.step("scene 4: the same with a quorum", async () => {
      const ran = await drill.lab.execOn(first, ["bash", "-c", `${upload} 2>&1`], { timeoutSeconds: 120 });
      drill.check(
        "scene 4: with a quorum kubeadm uploads them",
        ran.code === 0,
        outcome(ran.stdout).replace(/^[0-9a-f]{64}$/, "a key was printed"),
      );
    });
    await this.back("scene 2", third, 3);
  }

  /** Scene 3: a host whose own certificates are gone gets those of another; they name that one alone. */
  async copiedCertificates(): Promise<void> {
    const { drill } = this;
    const [, host, other] = this.servers;
    if (!host || !other) return;
    await drill.step(`scene 3: ${host.name} is stopped and gets the certificates of ${other.name}`, async () => {
      await stopControlPlane(drill, host.name);
      await copyCertificates(drill, other.name, host.name);
      await startControlPlane(drill, host.name);
      await until(
        `${host.name}: etcd is started`,
        180,
        async () => (await on(drill, host.name, "crictl ps -a -q --name '^etcd$'")) !== "",
      );
    });
    // long enough for an etcd that could join the others
    const ends = Date.now() + 30_000;
    await until("30 s", 60, async () => Date.now() > ends);
    const refused = await on(
      drill,
      other.name,
      "crictl logs $(crictl ps -q --name '^etcd$') 2>&1 | grep -c 'rejected connection on peer endpoint' || true",
    );
    drill.check(
      "scene 3: with another host's certificates etcd isn't let in by the others, which go on",
      !(await reads(drill, host.name)) && (await healthyVoters(drill)) === 2 && refused !== "0",
      `${refused} refusals in the log of ${other.name}`,
    );
    await this.writes(5);
    await this.preview("certificates are another host's", "primary", [
      ...["apiserver", "etcd/server", "etcd/peer"].map(
        (name): Wanted => [
          `says that ${name}.crt is another host's`,
          new RegExp(
            `${host.name}: /etc/kubernetes/pki/${name}\\.crt must name the host's own address ${host.address}`,
          ),
        ],
      ),
      ["names the command that makes it anew", /kubeadm init phase certs etcd-peer --config FILE/],
    ]);
    const { kubeadm, kubernetesVersion = "" } = drill.lab.state().topology;
    await drill.step("scene 3: the runbook's commands make them anew", () =>
      on(drill, host.name, certificatesAnew(host, String(kubeadm?.controlPlaneEndpoint), kubernetesVersion)),
    );
    await this.healthy("scene 3", 3);
  }

  async wholeAgain(): Promise<void> {
    const { drill } = this;
    await this.writes(5);
    await drill.step("all Nodes are ready", () =>
      until("all Nodes are ready", 180, async () => {
        const nodes = (await drill.kubectl(["get", "nodes", "--no-headers"])).trim().split("\n");
        return nodes.length === drill.lab.hosts().length && nodes.every((line) => / Ready /.test(line));
      }),
    );
    const again = await drill.pulumi(["preview", "--expect-no-changes", "--stack", "primary"], this.project);
    drill.check("at the end `pulumi up --stack primary` would change nothing", again.code === 0, summary(again));
    await this.client?.stop();
    const there = await drill.writesThere();
    const missing = (this.client?.history() ?? []).filter((a) => a.acknowledged && !there.has(a.n));
    const all = (this.client?.history() ?? []).filter((a) => a.acknowledged).length;
    drill.check(
      "no acknowledged write is lost over all scenes",
      missing.length === 0,
      `${all} acknowledged, ${missing.length} missing`,
    );
  }

  private writes = (count: number): Promise<void> =>
    this.client?.acknowledged(count, Date.now(), 120) ?? Promise.resolve();

  /** Neither etcd nor the API serves; both stacks say so, and what to do. */
  private async noQuorum(moment: string, stopped: string[]): Promise<void> {
    const { drill } = this;
    await until(`${moment}: etcd has no quorum`, 60, async () => (await healthyVoters(drill)) === 0);
    const from = Date.now();
    await until(`${moment}: 10 s`, 60, async () => Date.now() > from + 10_000);
    const taken = (this.client?.history() ?? []).filter((a) => a.acknowledged && a.startedAt >= from);
    drill.check(
      `${moment}: no leader, and the API takes no write`,
      taken.length === 0,
      `${taken.length} writes in 10 s`,
    );
    await this.preview(moment, "primary", [
      [
        "says that no voter answers",
        /etcd: a voter must answer a linearizable read, else no member can be replaced: none does/,
      ],
      ...stopped.map(
        (host): Wanted => [
          `names ${host} and where its manifest belongs`,
          new RegExp(`${host}.*/etc/kubernetes/manifests/etcd\\.yaml`),
        ],
      ),
    ]);
    await this.preview(moment, "failover", [["doesn't give up hosts that answer", /STOP +lost side is silent/]]);
  }

  private async back(scene: string, host: string, voters: number): Promise<void> {
    const { drill } = this;
    const began = Date.now();
    await drill.step(`${scene}: the manifests of ${host} come back`, () => startControlPlane(drill, host));
    await this.healthy(scene, voters);
    await this.writes(5);
    drill.check(
      `${scene}: with ${voters} of 3 the API takes writes`,
      true,
      `${((Date.now() - began) / 1000).toFixed(0)} s after the manifests of ${host} were back`,
    );
  }

  private healthy = (scene: string, voters: number): Promise<unknown> =>
    this.drill.step(`${scene}: ${voters} voters are healthy`, () =>
      until(`${voters} healthy voters`, 300, async () => (await healthyVoters(this.drill)) >= voters),
    );

  /** Runs a preview, keeps what it says, and checks it. */
  private async preview(moment: string, stack: string, wanted: Wanted[]): Promise<void> {
    const { drill } = this;
    const workspace = stack === "failover" ? this.clone : this.project;
    const { stdout } = await drill.step(`preview of ${stack}: ${moment}`, () =>
      drill.pulumi(["preview", "--stack", stack], workspace),
    );
    const lines = stdout.split("\n").filter((line) => /STOP|^ {4,}(?!ok)\S|Guards:|voter/.test(line));
    this.previews.push({ moment, stack, lines });
    for (const [what, text] of wanted) {
      const found = stdout
        .split("\n")
        .find((line) => text.test(line))
        ?.trim();
      drill.check(`preview of ${stack}, ${moment}: ${what}`, found !== undefined, found ?? "nothing of it");
    }
  }
}

type Wanted = [what: string, text: RegExp];

/** The line of kubeadm's output that says why it failed; else its last. */
function outcome(text: string): string {
  const lines = text.trim().split("\n");
  return (lines.find((line) => /^error/i.test(line)) ?? lines.at(-1) ?? "").slice(0, 200);
}
