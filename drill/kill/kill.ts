import { LabError } from "../../lab/machine/run";
import { type Drill, lost } from "../drill";
import type { KillReport } from "../report";
import { EtcdClients } from "./clients";
import { SurvivorData, scratch } from "./survivor";

/** The survivor's etcd after all members were killed at one moment: its data, and the writes that it had acknowledged. */
export interface Killed {
  data: SurvivorData;
  prefix: string;
  /** When it was; Unix milliseconds. */
  at: number;
  /** Keys that the survivor's etcd acknowledged to its clients. */
  acknowledged: string[];
  /** Those of them that stand in its WAL. */
  held: string[];
  /** Those of them that are gone if the data is forced as it lies. */
  lostByForceAlone: string[];
}

/**
 * Kills all members of etcd by -9 at one moment, right when the survivor's has acknowledged a write, and cuts the lost datacenter's power.
 * It is no power cut for the survivor: its runtime starts its etcd again, which finds no quorum.
 * @param hosts of all members
 */
export async function killAll(
  drill: Drill,
  survivor: { name: string; address: string },
  hosts: string[],
): Promise<Killed> {
  const { lab } = drill;
  const data = new SurvivorData(lab, survivor.name, drill.cluster.dialect);
  const prefix = `/rke-dr-drill/${Date.now()}-`;
  let at = 0;
  const clients = await EtcdClients.start(lab, survivor, prefix);
  try {
    await drill.step("clients write to the survivor's etcd", () => clients.count(100, 60));
    await drill.step(`all members of etcd are killed at once, datacenter ${lost} loses power`, async () => {
      const fire = await lab.aim(hosts, "etcd");
      await clients.atNext(() => {
        fire();
        at = Date.now();
      });
      await lab.powerOff(lost);
    });
  } finally {
    await clients.stop();
  }
  const { acknowledged } = clients;
  return drill.step("a copy of the survivor's data is forced as it lies, to compare", async () => {
    const copy = await data.copy("/var/lib/etcd", "killed");
    const inWal = await data.inWal(copy, prefix);
    const held = acknowledged.filter((key) => inWal.has(key));
    const alone = await data.keys(copy, prefix, "--force-new-cluster");
    return { data, prefix, at, acknowledged, held, lostByForceAlone: held.filter((key) => !alone.has(key)) };
  });
}

/** Checks that the recovered etcd has each acknowledged write that the survivor's WAL held. */
export async function nothingIsLost(drill: Drill, killed: Killed): Promise<KillReport> {
  const { data, prefix, acknowledged, held, lostByForceAlone } = killed;
  const found = await drill.cluster.etcdctl(data.host, ["get", prefix, "--prefix", "--keys-only"]);
  if (found.code !== 0) throw new LabError(`${data.host}: etcd gives no keys: ${found.stderr.trim()}`);
  const there = new Set(found.stdout.split("\n"));
  const gone = held.filter((key) => !there.has(key));
  drill.check(
    "every write that the killed survivor's etcd had acknowledged and its WAL held is there",
    held.length === acknowledged.length && gone.length === 0,
    `${acknowledged.length} acknowledged, ${held.length} in its WAL, ${gone.length} of them lost; forced as it lay: ${lostByForceAlone.length} lost`,
  );
  await data.on('rm -rf "$1"', scratch);
  return {
    acknowledged: acknowledged.length,
    held: held.length,
    lost: gone.length,
    lostByForceAlone: lostByForceAlone.length,
  };
}
