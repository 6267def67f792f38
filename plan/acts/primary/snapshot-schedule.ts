import { createHash } from "node:crypto";
import { clientUrl } from "../../etcd/urls";
import type { Reachable } from "../../facts/facts";
import { snapshotDir } from "../../facts/snapshots";
import { installerOf } from "../../installers/installers";
import { type Step, step } from "../../steps/steps";
import { clusterOrder, hasEtcdOrApi, learner, voters } from "../../topology/order";
import { inPeace } from "../../topology/site";
import { deployHosts, type Host, sshTarget, sshUsers, type Topology } from "../../topology/topology";
import { durationSeconds } from "../../values/duration";

/** The name of the program that runs the schedule on a deploy host; the runtime starts it again after a reboot. */
export const scheduleProgram = "rke-dr-snapshots";

/** Steps that start scheduled snapshots on each deploy host if the topology wants them, and end them if it no longer does. */
export function snapshotSteps(
  topology: Topology,
  after: string[],
  facts: (host: Host) => Reachable | undefined,
): Step[] {
  const wanted = topology.etcd.snapshots;
  const { images, runtimeOn } = installerOf(topology);
  const resident = (host: Host) =>
    runtimeOn(host).resident(images(topology).tools ?? "", "/etc/rke-dr/snapshots/loop.sh");
  const running = (host: Host) => facts(host)?.processes[scheduleProgram]?.status === "running";
  return deployHosts(topology)
    .filter((host) => wanted !== undefined || facts(host)?.snapshots !== undefined)
    .map((host) =>
      step("snapshot-schedule", host, "Snapshots", {
        data: wanted === undefined ? "" : `${resident(host)}\n@@ config\n${scheduleConfig(topology, host)}`,
        onwardUsers: wanted === undefined ? [] : sshUsers(topology, asked(topology)),
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

/** The hosts from which a snapshot is taken, in this order: voters of other datacenters first. The learner is in it because a failover may make it a voter. */
export function givers(topology: Topology, keeper: Host): Host[] {
  const hosts = clusterOrder(topology);
  const follower = learner(hosts);
  return [
    ...voters(hosts).filter((h) => h.datacenter !== keeper.datacenter),
    ...voters(hosts).filter((h) => h.datacenter === keeper.datacenter),
    ...(follower ? [follower] : []),
  ];
}

/** The configuration for on-host/resident/snapshots/: `key=value` lines. */
function scheduleConfig(topology: Topology, keeper: Host): string {
  const wanted = topology.etcd.snapshots;
  return [
    `every=${wanted === undefined ? 0 : durationSeconds(wanted.every)}`,
    `count=${wanted?.keep.count}`,
    `days=${wanted?.keep.days}`,
    `cluster=${topology.cluster}`,
    ...givers(topology, keeper).map((h) => `voter=${h.name}=${sshTarget(topology, h)}`),
    ...readyConfig(topology, keeper),
  ].join("\n");
}

/** The hosts that a deploy host asks how ready its side is: those that decide about etcd and the API, and the deploy hosts. */
export const asked = (topology: Topology): Host[] =>
  clusterOrder(topology).filter(
    (h) => hasEtcdOrApi(h) || deployHosts(topology).some((keeper) => keeper.name === h.name),
  );

/** The lines of the configuration that on-host/resident/snapshots/ready.sh reads. */
export function readyConfig(topology: Topology, keeper: Host): string[] {
  const hosts = asked(topology);
  const others = (host: Host) => hosts.filter((h) => h.etcd !== "none" && h.name !== host.name).map(clientUrl);
  const file = installerOf(topology).clusterFile(inPeace(topology)).trimEnd();
  return [
    `self=${keeper.name}`,
    ...hosts.map((h) =>
      [
        `host=${h.name}`,
        sshTarget(topology, h),
        h.datacenter === keeper.datacenter ? "own" : "other",
        h.etcd === "none" ? "-" : others(h).join(","),
      ].join("="),
    ),
    ...deployHosts(topology)
      .filter((h) => h.name !== keeper.name)
      .map((h) => `deploy=${h.name}`),
    ...(file === "" ? [] : [`clusterYml=${createHash("sha256").update(file).digest("hex")}`]),
  ];
}
