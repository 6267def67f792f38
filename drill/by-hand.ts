/** What the program is compared with: the way of a published procedure for kubeadm, by an operator who knows each command by heart. */
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { LabError, must, until } from "../lab/machine/run";
import { Client } from "./client";
import { Drill, lost } from "./drill";
import { startAgain } from "./floor";
import { namespace } from "./workload";

export interface ByHandReport {
  /** From the edit of etcd's manifest to the first write that the client saw accepted, in seconds. */
  firstWriteSeconds: number;
  /** The same to etcd's first answer to a linearizable read. */
  etcdSeconds: number;
  /** Seconds to start etcd and kube-apiserver again with the kubelet stopped meanwhile, measured right after. */
  floorSeconds: number;
}

const manifest = "/etc/kubernetes/manifests/etcd.yaml";
/** Renamed over the old one, so that the kubelet never reads half of it. */
const edit = `sed 's/^    - etcd$/    - etcd\\n    - --force-new-cluster/' ${manifest} >/root/etcd.yaml; mv /root/etcd.yaml ${manifest}; grep -c -e --force-new-cluster ${manifest}`;

/**
 * Datacenter a loses its power; then --force-new-cluster is written into the manifest of the survivor's etcd, under a running kubelet. Nothing
 * else is done: neither a copy of the data, nor a look at the lost side, nor what comes afterwards.
 */
export async function byHandDrill(lab: Lab, folder: string): Promise<ByHandReport> {
  const drill = new Drill(lab, folder);
  const survivor = lab.hosts().find((h) => h.datacenter !== lost && h.deploys);
  if (!survivor) throw new LabError(`drill: a datacenter other than ${lost} must have a deploy host`);
  await drill.kubectl(["create", "namespace", namespace]);
  const servers = drill.cluster.servers.map((h) => `https://${h.address}:6443`);
  const client = await Client.start(lab, survivor.name, servers, join(folder, "writes.jsonl"));
  try {
    await client.acknowledged(30, 0, 60);
    await drill.step(`datacenter ${lost} loses power`, () => lab.powerOff(lost));
    const answers = async () =>
      (await drill.cluster.etcdctl(survivor.name, ["--command-timeout=2s", "get", "x"])).code === 0;
    await until("etcd has no quorum", 60, async () => !(await answers()));
    const from = Date.now();
    await must(lab.hostCommand(survivor.name, ["bash", "-ec", edit]));
    const etcdSeconds = await drill.step("etcd's manifest is edited under a running kubelet", async () => {
      await until("etcd answers", 300, answers);
      return (Date.now() - from) / 1000;
    });
    await drill.step("the API takes a write", () => client.acknowledged(1, from, 300));
    const first = client.history().find((a) => a.acknowledged && a.startedAt >= from);
    await client.stop();
    const floorSeconds = await drill.step("etcd and kube-apiserver start again", () =>
      startAgain(lab, survivor.name, survivor.name),
    );
    return { firstWriteSeconds: ((first?.endedAt ?? Number.NaN) - from) / 1000, etcdSeconds, floorSeconds };
  } finally {
    await client.stop();
  }
}

export const byHandText = ({ firstWriteSeconds, etcdSeconds, floorSeconds }: ByHandReport): string =>
  [
    "",
    "BY HAND",
    "",
    `  first write   ${firstWriteSeconds.toFixed(1)} s  from the edit of etcd's manifest, under a running kubelet`,
    `  etcd answers  ${etcdSeconds.toFixed(1)} s`,
    `  the floor     ${floorSeconds.toFixed(1)} s  etcd and kube-apiserver, killed and started again, the kubelet stopped meanwhile`,
    "",
  ].join("\n");
