import type { Topology } from "../../topology/topology";
import { mapping } from "../../values/mapping";

/** RKE's recurring snapshots. */
export interface SnapshotSchedule {
  /** As people write it: "12h". */
  interval: string;
  /** The same, in seconds; Infinity if it can't be read. */
  seconds: number;
  /** True if snapshots go to S3, too. If false, each exists only on the etcd host that took it, in /opt/rke/etcd-snapshots. */
  offSite: boolean;
}

/**
 * The schedule of RKE's snapshots by `rke:`, with RKE's defaults: on, every 12 hours, on every etcd host (cluster/defaults.go,
 * services/etcd.go RunEtcdPlane). Undefined if they are off, or if another installer made the cluster: only RKE takes
 * snapshots by itself.
 */
export function snapshotSchedule(topology: Topology): SnapshotSchedule | undefined {
  const etcd = mapping(mapping(topology.rke.services).etcd);
  if (etcd.snapshot === false || topology.installer !== "rke") {
    return undefined;
  }
  const backup = mapping(etcd.backup_config);
  const active = etcd.backup_config !== undefined && etcd.backup_config !== null && backup.enabled !== false;
  if (!active) {
    const interval = typeof etcd.creation === "string" ? etcd.creation : "12h";
    return { interval, seconds: goSeconds(interval), offSite: false };
  }
  const hours = typeof backup.interval_hours === "number" && backup.interval_hours > 0 ? backup.interval_hours : 12;
  return {
    interval: `${hours}h`,
    seconds: hours * 3600,
    offSite: Object.keys(mapping(backup.s3backupconfig)).length > 0,
  };
}

/** Go's durations, as far as people write them for snapshots: "6h", "90m", "1h30m". */
function goSeconds(text: string): number {
  const [whole, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return whole ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) : Number.POSITIVE_INFINITY;
}
