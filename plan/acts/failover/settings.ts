import { readRecover } from "../../etcd/recover";
import { findDatacenter, type Topology } from "../../topology/topology";
import type { FailoverSettings } from "./plan";

/** The failover stack's keys that decide what runs, as Pulumi's configuration or the stack's file has them, each unread. */
export type ActKeys = Record<"lost" | "epoch" | "recover" | "endpoint", unknown>;

/** The settings that decide what runs; the operator's words are no part of them. */
export type ActSettings = Omit<FailoverSettings, "confirm" | "attest" | "attestBy">;

/**
 * Reads the keys that decide what a failover runs.
 *
 * @param item how a message names a key: that of the stack, or the command's own option
 * @throws Error with the first problem, as `item: rule: value`
 */
export function actSettings(
  { lost, epoch, recover, endpoint }: ActKeys,
  topology: Topology,
  item: (key: keyof ActKeys) => string = (key) => `rke-dr:${key}`,
): ActSettings {
  const names = topology.datacenters.map((dc) => dc.name);
  if (typeof lost !== "string" || !findDatacenter(topology, lost)) {
    throw new Error(
      `${item("lost")}: is not one of the datacenters (${names.join(", ")}): ${JSON.stringify(lost ?? "nothing")}`,
    );
  }
  const number = String(epoch ?? "nothing");
  if (!/^[1-9][0-9]{0,8}$/.test(number) || Number(number) < 2) {
    throw new Error(
      `${item("epoch")}: is not a whole number from 2, since the first failover is epoch 2: ${JSON.stringify(number)}`,
    );
  }
  if (endpoint !== undefined && typeof endpoint !== "string") {
    throw new Error(
      `${item("endpoint")}: is not the operator's word, "by-hand@DATACENTER@EPOCH": ${JSON.stringify(endpoint)}`,
    );
  }
  return { lost, epoch: Number(number), ...readRecover(recover, topology, lost), endpoint };
}
