import type { Reachable } from "../../facts/facts";
import { snapshotDir } from "../../facts/snapshots";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import { clusterOrder, learner, voters } from "../../topology/order";
import { deployHosts, type Host, sshTarget, type Topology } from "../../topology/topology";
import { durationSeconds } from "../../values/duration";

/** Runs the schedule on a deploy host; docker starts it again after a reboot. */
export const scheduleContainer = "rke-dr-snapshots";

/** Scheduled snapshots of each deploy host: set up where the topology asks for them, ended where it no longer does. */
export function snapshotSteps(
  topology: Topology,
  after: string[],
  facts: (host: Host) => Reachable | undefined,
): Step[] {
  const wanted = topology.etcd.snapshots;
  const running = (host: Host) => facts(host)?.processes[scheduleContainer]?.status === "running";
  return deployHosts(topology)
    .filter((host) => wanted !== undefined || facts(host)?.snapshots !== undefined)
    .map((host) =>
      step("snapshot-schedule", host, "Snapshots", {
        data: wanted === undefined ? "" : `${containerBody(topology)}\n@@ config\n${scheduleConfig(topology, host)}`,
        after,
        limit: 1800,
        words:
          wanted === undefined
            ? "end its snapshot schedule; what was taken stays"
            : `a snapshot of etcd each ${wanted.every}, from ${givers(topology, host)[0]?.name} or the next that can, kept in ${snapshotDir}; the first at once`,
        intact: wanted === undefined ? !running(host) : running(host),
      }),
    );
}

/** Who is asked for a snapshot, in this order: voters of other datacenters first; a learner for the time after a failover made a voter of it. */
export function givers(topology: Topology, keeper: Host): Host[] {
  const hosts = clusterOrder(topology);
  const follower = learner(hosts);
  return [
    ...voters(hosts).filter((h) => h.datacenter !== keeper.datacenter),
    ...voters(hosts).filter((h) => h.datacenter === keeper.datacenter),
    ...(follower ? [follower] : []),
  ];
}

/** What on-host/resident/snapshots/ reads: `key=value` lines. */
function scheduleConfig(topology: Topology, keeper: Host): string {
  const wanted = topology.etcd.snapshots;
  return [
    `every=${wanted === undefined ? 0 : durationSeconds(wanted.every)}`,
    `count=${wanted?.keep.count}`,
    `days=${wanted?.keep.days}`,
    `cluster=${topology.cluster}`,
    ...givers(topology, keeper).map((h) => `voter=${h.name}=${sshTarget(topology, h)}`),
  ].join("\n");
}

/**
 * The body for Docker's POST /containers/create. The container is no more than a supervisor: its process is bash in the
 * host's own root, with the host's ssh and coreutils. Any image with a chroot does; RKE's tools
 * image is on every host, by the name under which RKE took it: Docker's API pulls nothing here.
 */
function containerBody(topology: Topology): string {
  return JSON.stringify({
    Image: installerOf(topology).images(topology).tools,
    Entrypoint: ["chroot", "/host", "/bin/bash", "/etc/rke-dr/snapshots/loop.sh"],
    Cmd: null,
    HostConfig: {
      NetworkMode: "host",
      // mounts that come and go on the host must do so here, too: else this container would hold them
      Binds: ["/:/host:rslave"],
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      // with SELinux a confined container can't read the host's files
      SecurityOpt: ["label=disable"],
      CpuShares: 128,
    },
  });
}
