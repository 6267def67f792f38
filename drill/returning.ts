import { join } from "node:path";
import { Client } from "./client";
import { type Drill, lost } from "./drill";
import { longestGap } from "./history";

const seconds = 60;
/** Milliseconds without an acknowledged write that a client may see while nothing happens to its side. */
const gapLimit = 5000;
const into = "drill-return";

/**
 * After a restore: the lost datacenter comes back as it was, with the old cluster's majority, and its API servers list the
 * survivor's etcd, too. For a minute a client writes to the survivor's API, and nothing of the old side may get in.
 */
export async function returns(
  drill: Drill,
  survivor: { name: string; address: string },
  store: { name: string; address: string },
  folder: string,
): Promise<void> {
  const { lab } = drill;
  const old = lab.hosts().filter((h) => h.datacenter === lost);
  await drill.kubectl(["create", "namespace", into]);
  const client = await Client.start(
    lab,
    survivor.name,
    [`https://${survivor.address}:6443`],
    join(folder, "writes-return.jsonl"),
    into,
  );
  try {
    await client.acknowledged(5, 0, 60);
    // the client's own start is no gap
    const from = Date.now();
    await drill.step(`datacenter ${lost} has power again, the survivors go on`, () => lab.powerOn(lost));
    const backAt = Date.now();
    const inside = new Set<string>();
    await drill.step(`${seconds} s beside the old cluster`, async () => {
      while (Date.now() < backAt + seconds * 1000) {
        for (const peer of await connected(drill, store.name)) {
          if (old.some((h) => h.address === peer)) inside.add(peer);
        }
        await client.acknowledged(1, Date.now(), 60);
      }
    });
    await client.stop();
    const history = client.history();
    const gap = longestGap(history, from, Math.max(...history.map((a) => a.endedAt)));
    drill.check("the survivors serve all the while", gap <= gapLimit, `${gap} ms without a write at most`);
    await knocks(drill, store);
    // otherwise kubectl might ask the old cluster
    await drill.step(`datacenter ${lost} loses power again`, () => lab.powerOff(lost));
    const there = await drill.writesThere(into);
    const missing = history.filter((a) => a.acknowledged && !there.has(a.n));
    const written = history.filter((a) => a.acknowledged).length;
    drill.check(
      "no acknowledged write is lost",
      missing.length === 0,
      `${written} acknowledged, ${missing.length} missing`,
    );
    drill.check(
      "nothing of the old side is connected to the survivor's etcd",
      inside.size === 0,
      [...inside].join(", ") || "nobody",
    );
  } finally {
    await client.stop();
  }
}

/** Addresses of the clients connected to the host's etcd. */
async function connected(drill: Drill, host: string): Promise<string[]> {
  const found = await drill.lab.execOn(host, [
    "bash",
    "-c",
    // the kernel's own table: local and remote address in hexadecimal, state 01 is established
    "awk '$4 == \"01\" { print $2, $3 }' /proc/net/tcp /proc/net/tcp6",
  ]);
  return found.stdout.split("\n").flatMap((line) => {
    const [local = "", remote = ""] = line.split(" ");
    const port = Number.parseInt(local.split(":")[1] ?? "", 16);
    return port === 2379 || port === 2380 ? [ipv4(remote)] : [];
  });
}

/** The IPv4 address in an entry of /proc/net/tcp or tcp6: the last four bytes, lowest first. */
function ipv4(entry: string): string {
  const bytes = (entry.split(":")[0] ?? "").slice(-8).match(/../g) ?? [];
  return bytes
    .reverse()
    .map((b) => Number.parseInt(b, 16))
    .join(".");
}

/** Whoever of the old side tries the survivor's etcd is refused; its API servers do try where they list it. */
async function knocks(drill: Drill, survivor: { name: string; address: string }): Promise<void> {
  const { oldApi, oldEtcd, servers, voter } = drill.cluster;
  const on = (host: string, script: string) => drill.lab.execOn(host, ["bash", "-c", script, "bash", survivor.address]);
  const asked = await on(servers[0]?.name ?? "", oldApi);
  const knocked = await on(
    voter,
    `for port in 2379 2380; do if (exec 3<>/dev/tcp/$1/$port) 2>&1 | grep -q 'Connection refused'; then echo refused; else echo open; fi; done
    ${oldEtcd}`,
  );
  const refusals = asked.stdout.trim() || undefined;
  const [clients = "", peers = "", health = ""] = knocked.stdout.trim().split("\n");
  drill.check(
    "the old side lives, and is refused at the survivor's etcd",
    clients === "refused" && peers === "refused" && health === "is healthy" && refusals !== "0",
    `clients: ${clients}, peers: ${peers}; ${refusals ?? "no"} refusals in the old API server's log; the old etcd ${health}`,
  );
}
