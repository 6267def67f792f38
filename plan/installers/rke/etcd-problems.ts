import type { Topology } from "../../topology/topology";
import { extraArguments } from "./etcd";
import { imagesOf, versionOf } from "./images";
import { areImagesKnown } from "./releases/problems";

/** RKE's own (golden rke-plan), in milliseconds. */
const rkeDefaults = { "heartbeat-interval": 500, "election-timeout": 5000 };

/** Problems of etcd's settings, each as `item: rule: value`. */
export function etcdProblems(topology: Topology): string[] {
  const { extraArgs, heartbeatInterval, electionTimeout } = topology.etcd;
  const twice = [
    ["heartbeatInterval", "heartbeat-interval", heartbeatInterval],
    ["electionTimeout", "election-timeout", electionTimeout],
  ] as const;
  return [
    ...twice.flatMap(([key, argument, value]) =>
      value !== undefined && extraArgs[argument] !== undefined
        ? [
            `topology.etcd.extraArgs.${argument}: is said by etcd.${key} already: ${JSON.stringify(extraArgs[argument])}`,
          ]
        : [],
    ),
    ...timing(topology),
    ...(areImagesKnown(topology) ? versionProblems(topology) : []),
  ];
}

/** etcd doesn't start otherwise (server/embed/config.go Validate: five heartbeats, and at most 50 s). */
function timing(topology: Topology): string[] {
  const said: Record<string, string> = extraArguments(topology);
  const heartbeat = Number(said["heartbeat-interval"] ?? rkeDefaults["heartbeat-interval"]);
  const election = Number(said["election-timeout"] ?? rkeDefaults["election-timeout"]);
  const problems: string[] = [];
  for (const [argument, value] of Object.entries({ "heartbeat-interval": heartbeat, "election-timeout": election })) {
    if (!Number.isInteger(value) || value < 1) {
      problems.push(`topology.etcd: ${argument} is not a number of milliseconds: ${JSON.stringify(said[argument])}`);
    }
  }
  if (election < 5 * heartbeat) {
    problems.push(`topology.etcd.electionTimeout: is less than five heartbeats of ${heartbeat} ms: ${election}`);
  }
  if (election > 50_000) {
    problems.push(`topology.etcd.electionTimeout: is more than etcd's 50000 ms: ${election}`);
  }
  return problems;
}

/** RKE picks etcd's image by the version of Kubernetes; `etcd.version` says what the reviewer takes it for. */
function versionProblems(topology: Topology): string[] {
  const { version } = topology.etcd;
  const image = imagesOf(topology).etcd;
  const runs = versionOf(image);
  return version === undefined || version === runs
    ? []
    : [
        `topology.etcd.version: isn't what runs, ${image} (another image goes under rke: system_images: etcd): ${JSON.stringify(version)}`,
      ];
}
