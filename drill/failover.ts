import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { LabError, until } from "../lab/machine/run";
import type { Workspace } from "../lab/operator/project";
import { hasEtcd, isControlPlane } from "../lab/state/topology";
import { Client } from "./client";
import { Drill, lost, type Members, type StackReport, stackReport, summary } from "./drill";
import { namesLead } from "./endpoint";
import { failbackDrill, secondFailover } from "./failback";
import { startAgain } from "./floor";
import { judge } from "./history";
import { Informed, knowsAll } from "./informed";
import { killAll, nothingIsLost } from "./kill/kill";
import { lossIsExact } from "./loss";
import type { DrillReport } from "./report";
import { rkeLeavesAlone } from "./restarts";
import { returns } from "./returning";
import { type Taken, takeSnapshot } from "./snapshot";
import { type LearnerFault, sourceIsAsExpected, spoilLearner, useless } from "./standby";
import { addon, manifests, podCount } from "./workload";

const epoch = 2;

export interface DrillOptions {
  /** Bring datacenter a back afterwards, and lose it once more. */
  failback?: boolean;
  /** "on" if hosts that come back put themselves in quarantine. */
  returnGuard?: "on" | "off";
  /** The learner's fault when the datacenter is lost. */
  learner?: LearnerFault;
  /** Kills all members of etcd by -9 at one moment, while clients write to the survivor's, and cuts the power then. */
  kill?: "etcd";
  /** The last writes before the loss don't reach the deploy host's etcd, so that of several survivors another is the newest. */
  behind?: boolean;
}

/** The drill operator's `rke-dr:recover`. */
export interface DrillRecover {
  from?: string;
  method?: string;
}

/** Builds a cluster, loses datacenter a, recovers from it, and verifies. @param folder for logs */
export async function failoverDrill(
  lab: Lab,
  folder: string,
  options: DrillRecover & DrillOptions = {},
): Promise<DrillReport> {
  const recover: DrillRecover = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.method === undefined ? {} : { method: options.method }),
  };
  const drill = new Drill(lab, folder);
  const hosts = lab.hosts();
  const survivors = hosts.filter((h) => h.datacenter !== lost);
  const deployHost = survivors.find((h) => h.deploys);
  if (!deployHost) throw new LabError(`drill: a datacenter other than ${lost} must have a deploy host`);
  // the recovered member runs there
  const store = hasEtcd(deployHost) ? deployHost : (survivors.find(hasEtcd) ?? deployHost);
  const project = await lab.project();

  // what a restore's isolation keeps out must try to come in
  const { returnGuard = options.failback ? "on" : "off" } = options;
  if (returnGuard === "off") {
    await drill.mustPulumi(["config", "set", "returnGuard", "off", "--stack", "primary"], project);
  }
  await drill.step("pulumi up --stack primary", () =>
    drill.mustPulumi(["up", "--yes", "--skip-preview", "--stack", "primary"], project),
  );
  await drill.step("a second up would change nothing", async () => {
    const again = await drill.pulumi(["preview", "--expect-no-changes", "--stack", "primary"], project);
    drill.check("a second `pulumi up --stack primary` would change nothing", again.code === 0, summary(again));
  });
  await drill.step("workload on both datacenters", async () => {
    await drill.kubectl(["apply", "-f", "-"], manifests(drill.cluster.app));
    await until("workload: all pods ready", 120, async () => (await drill.pods()).length === podCount);
    const used = new Set((await drill.pods()).map((p) => hosts.find((h) => h.name === p.node)?.datacenter));
    drill.check("pods run in both datacenters", used.size === 2, [...used].sort().join(", "));
  });

  const members = await drill.members();
  const servers = drill.cluster.servers.map((h) => `https://${h.address}:6443`);
  const client = await Client.start(lab, deployHost.name, servers, join(folder, "writes.jsonl"));
  const informed = await Informed.start(lab, deployHost, join(folder, "informer.jsonl"));
  try {
    await drill.step("client writes", () => client.acknowledged(30, 0, 60));
    await informed.listens();
    let taken: Taken | undefined;
    // what can't be recovered from needs a next best
    if (recover.from === "snapshot" || useless(options.learner)) {
      taken = await drill.step("a snapshot on the other side", () => takeSnapshot(drill, deployHost));
      await drill.step("client writes on", () => client.acknowledged(10, Date.now(), 60));
    }
    const spoilt =
      options.learner && (await spoilLearner(drill, options.learner, deployHost.name, { client, servers, folder }));
    if (options.kill && (members[deployHost.name]?.learner ?? true)) {
      throw new LabError(`--kill: ${deployHost.name}'s etcd must be a voter, it isn't`);
    }
    if (options.behind) await fallBehind(drill, deployHost, survivors, Object.keys(members), client);
    const killed = options.kill && (await killAll(drill, deployHost, Object.keys(members)));
    if (!killed) await drill.step(`datacenter ${lost} loses power`, () => lab.powerOff(lost));
    await spoilt?.();
    if (options.behind) await lab.heal();
    const clone = await lab.newClone("failover");
    for (const [key, value] of Object.entries(recover)) {
      await drill.mustPulumi(["config", "set", "--path", `recover.${key}`, value, "--stack", "failover"], clone);
    }
    const restores = await drill.step("pulumi preview --stack failover, from a fresh clone", async () => {
      const preview = await drill.mustPulumi(["preview", "--stack", "failover"], clone);
      const told = /Guards: (.*)/.exec(preview.stdout)?.[1] ?? "nothing of guards";
      const restores = /method restore\)/.test(preview.stdout);
      // a restore needs no attestation: only the confirmation is missing
      const expected = restores ? /Guards: 1 stop/ : /Guards: 2 stop/;
      drill.check("preview tells what would stop `up`", expected.test(preview.stdout), told);
      if (options.learner) sourceIsAsExpected(drill, options.learner, preview.stdout);
      return restores;
    });
    await drill.step("pulumi up without a confirmation is refused", async () => {
      const refused = await drill.pulumi(["up", "--yes", "--skip-preview", "--stack", "failover"], clone);
      const ok = refused.code !== 0 && refused.stdout.includes("nothing was changed");
      drill.check("`up` without a confirmation is refused", ok, `exit code ${refused.code}`);
    });
    for (const [key, value] of [
      ["confirm", `${lost}@${epoch}`],
      ...(restores ? [] : [["attest", `powered-off@${lost}@${epoch}`] as const]),
    ] as const) {
      await drill.mustPulumi(["config", "set", key, value, "--stack", "failover"], clone);
    }
    const commandAt = Date.now();
    await drill.step("pulumi up --stack failover", () =>
      drill.mustPulumi(["up", "--yes", "--skip-preview", "--stack", "failover"], clone),
    );
    const told = await stackReport(drill, clone, "failover");
    if (taken?.file !== undefined) {
      drill.check(
        "the snapshot that the hosts' own job wrote is recovered from",
        told.source === taken.file,
        told.source,
      );
    }
    if (options.behind)
      drill.check(
        "the survivor whose log ends last is recovered, not the deploy host's",
        told.source !== deployHost.name && survivors.some((h) => h.name === told.source),
        told.source,
      );
    // the host that serves first: the source's, if it has a kube-apiserver, since the others' may ask their own etcd alone
    await namesLead(drill, survivors, survivors.find((h) => told.source === h.name && isControlPlane(h)) ?? deployHost);
    await verify(drill, client, survivors, clone);
    if (drill.cluster.installerRuns) await rkeLeavesAlone(drill, told.steps);
    await membersAreAsExpected(drill, members, survivors);
    await knowsAll(drill, informed);
    await informed.stop();
    const kept = killed && (await nothingIsLost(drill, killed));
    await addonIsAsExpected(drill, told.method);
    const floorSeconds = options.failback
      ? undefined
      : await drill.step("etcd and kube-apiserver start again", () => startAgain(lab, store.name, deployHost.name));
    const failback = options.failback
      ? await failbackDrill(drill, client, project, epoch + 1, returnGuard, members)
      : undefined;
    if (!failback) await client.stop();
    if (!failback && told.method === "restore") await returns(drill, deployHost, store, folder);
    const report = {
      ...(await finish(drill, client, commandAt, told, taken, options.learner, killed?.at)),
      ...(floorSeconds === undefined ? {} : { floorSeconds }),
      ...(kept === undefined ? {} : { killed: kept }),
    };
    if (!failback) return report;
    failback.secondFailover = await secondFailover(drill, client, clone, epoch + 2);
    return { ...report, verified: drill.checks.every((c) => c.ok), failback };
  } finally {
    await client.stop();
    await informed.stop();
  }
}

/** The deploy host's packets vanish while the client writes on: its etcd lacks what was acknowledged meanwhile. */
async function fallBehind(
  drill: Drill,
  deployHost: { name: string },
  survivors: { name: string }[],
  members: string[],
  client: Client,
): Promise<void> {
  const left = survivors.filter((h) => members.includes(h.name));
  if (left.length < 2 || !members.includes(deployHost.name)) {
    throw new LabError(`--behind: two members of etcd must survive, the deploy host's among them, are ${list(left)}`);
  }
  await drill.step(`packets of ${deployHost.name} vanish, the others write on`, async () => {
    await drill.lab.drop(deployHost.name);
    await client.acknowledged(20, Date.now(), 90);
  });
}

const list = (hosts: { name: string }[]): string => hosts.map((h) => h.name).join(", ") || "none";

async function verify(drill: Drill, client: Client, survivors: { name: string }[], clone: Workspace): Promise<void> {
  const names = survivors.map((h) => h.name);
  await drill.step("the API accepts writes", () => client.acknowledged(10, Date.now(), 60));
  await drill.step("pods move to the survivors", async () => {
    const moved = async () => {
      const pods = await drill.pods();
      return pods.length === podCount && pods.every((p) => names.includes(p.node));
    };
    // the pod garbage collector waits 40 s before it takes pods of a Node that is gone
    const ok = await until("workload: all pods on survivors", 240, moved).then(
      () => true,
      () => false,
    );
    const pods = await drill.pods();
    const nodes = names.map((n) => `${pods.filter((p) => p.node === n).length} on ${n}`);
    drill.check("pods of dead nodes run on survivors", ok, nodes.join(", "));
  });
  const nodes = (await drill.kubectl(["get", "nodes", "-o", "name"])).trim().split("\n").sort();
  const expected = names
    .filter((name) => drill.cluster.isNode({ name }))
    .map((n) => `node/${n}`)
    .sort();
  drill.check("the cluster has the survivors as Nodes", nodes.join() === expected.join(), nodes.join(", "));
  await drill.step("a second up would change nothing", async () => {
    const again = await drill.pulumi(["preview", "--expect-no-changes", "--stack", "failover"], clone);
    drill.check("a second `pulumi up --stack failover` would change nothing", again.code === 0, summary(again));
  });
}

/** Checks that etcd's members are the survivors that were members in peace, if there were any. */
async function membersAreAsExpected(drill: Drill, peace: Members, survivors: { name: string }[]): Promise<void> {
  const expected = survivors.map((h) => h.name).filter((name) => name in peace);
  if (expected.length === 0) return;
  const found = Object.keys(await drill.members());
  drill.check(
    "etcd's members are those that survived",
    found.sort().join() === expected.sort().join(),
    found.join(", "),
  );
}

/** Checks that pods which watch the API were restarted if revisions repeat after the recovery, and left alone otherwise. */
async function addonIsAsExpected(drill: Drill, method: string): Promise<void> {
  const annotations = await drill.kubectl([
    ...["get", "deployment", addon, "-n", "kube-system"],
    ...["-o", "jsonpath={.spec.template.metadata.annotations}"],
  ]);
  const restarted = annotations.includes("restartedAt");
  drill.check(
    method === "restore" ? "pods of kube-system were restarted" : "pods of kube-system were left alone",
    restarted === (method === "restore"),
    restarted ? "restarted" : "not restarted",
  );
}

async function finish(
  drill: Drill,
  client: Client,
  commandAt: number,
  told: StackReport,
  taken: Taken | undefined,
  learner: LearnerFault | undefined,
  killedAt: number | undefined,
): Promise<DrillReport> {
  // the client may write on: what is judged was written before the list
  const history = client.history();
  const present = await drill.writesThere();
  const dataAsOf = Date.parse(told.dataAsOf);
  // an etcd that was killed and finds no quorum doesn't say how new its data is: then the survivor must have what is older than a second
  const newEnough = Number.isNaN(dataAsOf) ? killedAt && killedAt - 1000 : dataAsOf;
  const verdict = judge(history, present, newEnough, commandAt);
  drill.check(
    "every acknowledged write up to data as of T is there",
    verdict.broken.length === 0,
    `${verdict.acknowledged} acknowledged, ${verdict.lost.length} lost, ${verdict.broken.length} of them before T`,
  );
  lossIsExact(drill, verdict, history, taken, learner);
  if (told.method === "restore") {
    const apart = verdict.lastSurviving === undefined ? Number.NaN : Math.abs(verdict.lastSurviving - dataAsOf) / 1000;
    // a snapshot's T is the time of its begin; on a busy machine writes still come into it for seconds
    const most = 2 + (taken ? (taken.after - taken.before) / 1000 : 0);
    drill.check(
      `data as of T is within ${taken ? "2 s and the time of the snapshot" : "2 s"} of the last write that survived`,
      apart <= most,
      `${apart.toFixed(1)} s apart, ${most.toFixed(1)} s at most`,
    );
  }
  drill.check(
    "the client writes again",
    verdict.firstWriteAt !== undefined,
    verdict.firstWriteAt === undefined ? "never" : new Date(verdict.firstWriteAt).toISOString(),
  );
  return {
    verified: drill.checks.every((c) => c.ok),
    rtoSeconds: verdict.firstWriteAt === undefined ? undefined : (verdict.firstWriteAt - commandAt) / 1000,
    recovered: { from: told.source, method: told.method },
    dataAsOf: told.dataAsOf,
    writes: { acknowledged: verdict.acknowledged, lost: verdict.lost.length, lostNumbers: verdict.lost },
    outageSeconds:
      verdict.firstWriteAt === undefined || verdict.lastWriteBefore === undefined
        ? undefined
        : (verdict.firstWriteAt - verdict.lastWriteBefore) / 1000,
    steps: drill.steps,
    failoverSteps: told.steps,
    checks: drill.checks,
    standIns: drill.lab.standIns(),
  };
}
