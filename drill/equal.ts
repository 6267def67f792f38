import { LabError, until } from "../lab/machine/run";
import type { Drill, Members } from "./drill";
import { namespace } from "./workload";

/** The client's writes that one member has at a revision. */
interface Holding {
  host: string;
  /** Numbers of the writes. */
  writes: Set<number>;
  /** Each key with its value's hash and its revisions, in one text. */
  text: string;
}

/**
 * Checks that every member of etcd, learners too, has each of these writes, with the same value and the same revisions, as each has them
 * in its own database at one revision.
 * @param acknowledged numbers of the client's writes that were acknowledged and weren't lost by a failover
 */
export async function everyMemberHas(drill: Drill, members: Members, acknowledged: number[]): Promise<void> {
  const hosts = Object.keys(members).sort();
  const revision = await newestRevision(drill, hosts);
  const held: Holding[] = [];
  for (const host of hosts) held.push(await holding(drill, host, revision));
  const missing = held.map(({ host, writes }) => `${host} lacks ${acknowledged.filter((n) => !writes.has(n)).length}`);
  drill.check(
    "every member of etcd has every acknowledged write, with the same value and revisions",
    missing.every((text) => text.endsWith(" lacks 0")) && new Set(held.map((h) => h.text)).size === 1,
    `${acknowledged.length} acknowledged; at revision ${revision} ${missing.join(", ")}; ${new Set(held.map((h) => h.text)).size === 1 ? "equal" : "they DIFFER"}`,
  );
}

/** The newest revision that a voter of these hosts has. */
export async function newestRevision(drill: Drill, hosts: string[]): Promise<number> {
  for (const host of hosts) {
    const answer = await drill.cluster.etcdctl(host, ["get", "x", "-w", "json"]);
    const found = /"revision":(\d+)/.exec(answer.stdout)?.[1];
    if (answer.code === 0 && found !== undefined) return Number(found);
  }
  throw new LabError("drill: no member of etcd answers a linearizable read");
}

/** Asked of the member's own database: a serializable read, once it has that revision. */
async function holding(drill: Drill, host: string, revision: number): Promise<Holding> {
  const prefix = `/registry/configmaps/${namespace}/write-`;
  const own = ["--prefix", "--consistency=s", `--rev=${revision}`, "-w", "json"];
  await until(`${host}: etcd has revision ${revision}`, 30, async () => {
    const result = await drill.cluster.etcdctl(host, ["get", "x", ...own]);
    return result.code === 0;
  });
  const { code, stdout, stderr } = await drill.cluster.etcdctl(host, ["get", prefix, ...own]);
  if (code !== 0) throw new LabError(`drill: ${host}: etcdctl get: exit code ${code}: ${stderr.trim()}`);
  const { kvs = [] } = JSON.parse(stdout) as {
    kvs?: { key: string; value: string; create_revision: number; mod_revision: number; version: number }[];
  };
  const key = (text: string) => Buffer.from(text, "base64").toString();
  return {
    host,
    writes: new Set(kvs.map((kv) => Number(key(kv.key).slice(prefix.length)))),
    text: kvs
      .map((kv) => [key(kv.key), kv.value, kv.create_revision, kv.mod_revision, kv.version].join(" "))
      .join("\n"),
  };
}
