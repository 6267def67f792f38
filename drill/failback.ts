import { LabError, until } from "../lab/machine/run";
import type { Workspace } from "../lab/operator/project";
import { isControlPlane } from "../lab/state/topology";
import type { Client } from "./client";
import { runtimeScript } from "./cluster";
import { type Drill, lost, type Members, stackReport, summary } from "./drill";
import { namesLead } from "./endpoint";
import { everyMemberHas } from "./equal";
import { judge, longestGap } from "./history";
import type { FailbackReport } from "./report";

/** The word that a failback must be confirmed with, as preview exports it. @param preview what `pulumi preview --stack primary` printed */
export function wantedConfirm(preview: string): string {
  const [, confirm] = /^ *[+~]? *confirm *: *(?:".*" => )?"([^"]+)"/m.exec(preview) ?? [];
  if (confirm === undefined) throw new LabError("drill: preview of stack primary exports no confirm");
  return confirm;
}

/**
 * Gives datacenter a its power back and brings it back by the program, with the client writing all the while.
 * @param peace etcd's members before the loss
 */
export async function failbackDrill(
  drill: Drill,
  client: Client,
  project: Workspace,
  epoch: number,
  returnGuard: "on" | "off",
  peace: Members,
): Promise<FailbackReport> {
  const back = drill.lab.hosts().filter((h) => h.datacenter === lost && h.name in peace);
  const masters = back.map((h) => h.name);
  const earlier = client.history().filter((a) => a.acknowledged);
  const there = await drill.writesThere();
  const gone = new Set(earlier.filter((a) => !there.has(a.n)).map((a) => a.n));
  const poweredAt = Date.now();
  await drill.step(`datacenter ${lost} has power again`, () => drill.lab.powerOn(lost));
  const returned = await drill.step(`what is left there, with the return guard ${returnGuard}`, async () =>
    Promise.all(masters.map((name) => whatReturned(drill, name, epoch - 1, poweredAt, returnGuard))),
  );
  if (returnGuard === "on") {
    drill.check(
      "the return guard puts hosts of the old epoch in quarantine before they serve",
      returned.every((r) => !r.served && !r.runs),
      returned
        .map(
          (r) =>
            `${r.host}: etcd ran for ${r.etcdSeconds?.toFixed(1) ?? "?"} s and ${r.served ? "SERVED" : "served nothing"}`,
        )
        .join(", "),
    );
  }

  await drill.mustPulumi(["config", "set", "epoch", String(epoch), "--stack", "primary"], project);
  if (returnGuard === "off") await stopWhatServes(drill, project);
  const confirm = await drill.step("pulumi preview --stack primary, for the failback", async () => {
    const preview = await drill.mustPulumi(["preview", "--stack", "primary"], project);
    const told = /Guards: (.*)/.exec(preview.stdout)?.[1] ?? "nothing of guards";
    drill.check("preview of the failback asks for a confirmation alone", /Guards: 1 stop/.test(preview.stdout), told);
    return wantedConfirm(preview.stdout);
  });
  await drill.step("a failback without a confirmation is refused", async () => {
    const refused = await drill.pulumi(["up", "--yes", "--skip-preview", "--stack", "primary"], project);
    const ok = refused.code !== 0 && refused.stdout.includes("nothing was changed");
    drill.check("a failback without a confirmation is refused", ok, `exit code ${refused.code}`);
  });
  await drill.mustPulumi(["config", "set", "confirm", confirm, "--stack", "primary"], project);
  const beganAt = Date.now();
  await drill.step("pulumi up --stack primary, the failback", () =>
    drill.mustPulumi(["up", "--yes", "--skip-preview", "--stack", "primary"], project),
  );
  const seconds = (Date.now() - beganAt) / 1000;
  await client.acknowledged(10, Date.now(), 60);
  const { electionSeconds, hasRole } = drill.cluster;
  const gap = longestGap(client.history(), beganAt, Date.now()) / 1000;
  drill.check(
    `during the failback no client waits longer than an election takes (${electionSeconds} s)`,
    gap <= electionSeconds,
    `${gap.toFixed(1)} s at most`,
  );

  const members = await drill.members();
  const parts = (of: Members) =>
    Object.keys(of)
      .sort()
      .map((name) => `${name}${of[name]?.learner ? " (learner)" : ""}`)
      .join(", ");
  const reused = masters.filter((name) => members[name]?.id === peace[name]?.id);
  drill.check(
    "etcd has the members of before, voters and learners as before, the returned ones as new members",
    parts(members) === parts(peace) && reused.length === 0,
    parts(members),
  );
  const told = await stackReport(drill, project, "primary");
  const steps = told.steps.filter((s) => Date.parse(s.startedAt) >= beganAt);
  const compared = steps.flatMap((s) => s.did.filter((line) => /hash \d+ of all keys/.test(line)));
  drill.check(
    "each member was compared with the cluster before it got a vote, and all of them at the end",
    compared.length > masters.length && compared.some((line) => line.startsWith("etcd's members have the same data")),
    compared.join("; ") || "nothing was compared",
  );
  const acknowledged = client.history().filter((a) => a.acknowledged && !gone.has(a.n));
  await drill.step("every acknowledged write is looked for on every member", () =>
    everyMemberHas(
      drill,
      members,
      acknowledged.map((a) => a.n),
    ),
  );
  const nodes = (await drill.kubectl(["get", "nodes", "--no-headers"])).trim().split("\n");
  const rolesOf = (line: string) => hasRole({ name: line.split(/ +/)[0] ?? "" });
  const plain = nodes.filter((line) => !/ Ready /.test(line) || line.includes("<none>") === rolesOf(line));
  drill.check(
    "all Nodes are back, ready, with their roles",
    nodes.length === drill.lab.hosts().filter(drill.cluster.isNode).length && plain.length === 0,
    nodes.map((line) => line.split(/ +/).slice(0, 3).join(" ")).join(", "),
  );
  const first = drill.lab.hosts().find((h) => h.datacenter === lost && isControlPlane(h));
  if (first) await namesLead(drill, drill.lab.hosts(), first);
  await drill.step("a second up would change nothing", async () => {
    const again = await drill.pulumi(["preview", "--expect-no-changes", "--stack", "primary"], project);
    drill.check(
      "after the failback, `pulumi up --stack primary` would change nothing",
      again.code === 0,
      summary(again),
    );
  });
  return {
    returnGuard,
    returned,
    seconds,
    longestGapSeconds: gap,
    steps,
    secondFailover: undefined,
  };
}

/** Without a return guard an old majority may serve: types what preview says against that. */
async function stopWhatServes(drill: Drill, project: Workspace): Promise<void> {
  const { stdout } = await drill.mustPulumi(["preview", "--stack", "primary"], project);
  const refused = stdout
    .split(/^ {2}(?=STOP|ok)/m)
    .find((told) => told.startsWith("STOP  the returned side is silent"));
  const [, command = "", names = ""] =
    /No return guard stops it: `([^`]+)` on ([^\n]+?), or switch it off/.exec(refused ?? "") ?? [];
  if (refused === undefined) return;
  drill.check(
    "a failback whose returned side serves is refused, and says how that ends",
    command !== "",
    refused.trim(),
  );
  for (const name of names.split(", ")) await drill.lab.execOn(name, ["bash", "-c", command]);
}

/** Observes etcd and the control plane of a host that has power again after a failover. */
async function whatReturned(
  drill: Drill,
  host: string,
  failoverEpoch: number,
  poweredAt: number,
  returnGuard: "on" | "off",
): Promise<FailbackReport["returned"][number]> {
  const { dialect, ranFor } = drill.cluster;
  const library = runtimeScript(dialect);
  const on = async (script: string, ...args: string[]) =>
    (await drill.lab.execOn(host, ["bash", "-c", `${library}${script}`, "bash", ...args])).stdout.trim();
  const aside = `etcd-before-epoch-${failoverEpoch}`;
  if (returnGuard === "on") {
    await until(`${host}: quarantine`, 120, async () => (await on("cat /var/lib/rke-dr/quarantine")) !== "");
  } else {
    // long enough for an election, and for old members to learn that they were removed
    const ends = Date.now() + 20_000;
    await until(`${host}: what it does in 20 s`, 60, async () => Date.now() > ends);
  }
  const name = returnGuard === "on" ? aside : "etcd";
  const since = new Date(poweredAt).toISOString();
  const [started, finished] = (await on(ranFor, name, since)).split(" ");
  return {
    host,
    etcdSeconds:
      returnGuard === "on" && started && finished ? (Date.parse(finished) - Date.parse(started)) / 1000 : undefined,
    served:
      (await on(`process_log "$1" all "$2" 2>&1 | grep -c 'ready to serve client requests'`, name, since)) !== "0",
    runs: (await on("process_runs etcd || process_runs kube-apiserver && echo runs")) === "runs",
  };
}

/** The other datacenter is lost once more: what a failback leaves must carry a failover. */
export async function secondFailover(
  drill: Drill,
  client: Client,
  clone: Workspace,
  epoch: number,
): Promise<FailbackReport["secondFailover"]> {
  await drill.step(`datacenter ${lost} loses power again`, () => drill.lab.powerOff(lost));
  for (const [key, value] of [
    ["epoch", String(epoch)],
    ["confirm", `${lost}@${epoch}`],
    ["attest", `powered-off@${lost}@${epoch}`],
  ] as const) {
    await drill.mustPulumi(["config", "set", key, value, "--stack", "failover"], clone);
  }
  const commandAt = Date.now();
  await drill.step(`pulumi up --stack failover, epoch ${epoch}`, () =>
    drill.mustPulumi(["up", "--yes", "--skip-preview", "--stack", "failover"], clone),
  );
  await client.acknowledged(10, Date.now(), 60);
  await client.stop();
  const told = await stackReport(drill, clone, "failover");
  const dataAsOf = Date.parse(told.dataAsOf);
  if (Number.isNaN(dataAsOf)) throw new LabError(`second failover: it names no time of its data: ${told.dataAsOf}`);
  const verdict = judge(client.history(), await drill.writesThere(), dataAsOf, commandAt);
  drill.check(
    "the second failover keeps every write that was acknowledged before its data as of T",
    verdict.broken.length === 0 && verdict.firstWriteAt !== undefined,
    `${verdict.acknowledged} acknowledged, ${verdict.lost.length} lost, ${verdict.broken.length} of them before T`,
  );
  return {
    epoch,
    rtoSeconds: verdict.firstWriteAt === undefined ? undefined : (verdict.firstWriteAt - commandAt) / 1000,
    lost: verdict.lost.length,
  };
}
