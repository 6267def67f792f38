import type { Host, Topology } from "../../topology/topology";
import { memberName } from "./settings";

/** The change of the operator's inventory after a loss: no act makes it, since no act knows that file. */
export interface InventoryChange {
  /** The file, as its installer calls it. */
  file: string;
  /** Lines of a diff: a group's name, then its hosts, those to be taken out with a minus. */
  diff: string[];
  notes: string[];
}

/** The groups of an inventory, by the role that brings a host into each. */
const groups: Partial<Record<Topology["installer"], { file: string; groups: [string, Host["roles"][number]][] }>> = {
  kubespray: {
    file: "hosts.yaml",
    groups: [
      ["kube_control_plane", "controlplane"],
      ["etcd", "etcd"],
      ["kube_node", "worker"],
    ],
  },
  kubekey: {
    file: "config-sample.yaml, or inventory.yaml of release 4",
    groups: [
      ["spec.roleGroups.etcd, or spec.groups.etcd.hosts", "etcd"],
      ["spec.roleGroups.master or .control-plane, or spec.groups.kube_control_plane.hosts", "controlplane"],
      ["spec.roleGroups.worker, or spec.groups.kube_worker.hosts", "worker"],
    ],
  },
};

/** @param lost hosts that were given up; undefined if the installer has no inventory */
export function inventoryChange(
  installer: Topology["installer"],
  hosts: Host[],
  lost: Host[],
): InventoryChange | undefined {
  const known = groups[installer];
  const isLost = (host: Host) => lost.some((h) => h.name === host.name);
  if (known === undefined || lost.length === 0) {
    return undefined;
  }
  const diff = known.groups.flatMap(([group, role]) => {
    const own = hosts.filter((h) => h.roles.includes(role));
    return own.some(isLost) ? [`  ${group}:`, ...own.map((h) => `${isLost(h) ? "-" : " "}   ${h.name}`)] : [];
  });
  return { file: known.file, diff, notes: notesOf(installer, hosts, lost) };
}

function notesOf(installer: Topology["installer"], hosts: Host[], lost: Host[]): string[] {
  const members = hosts.filter((h) => h.etcd !== "none" && !lost.some((l) => l.name === h.name));
  return [
    "Where the file has a range, such as node[1:3], write the hosts that stay one by one",
    ...(installer === "kubespray" ? [...renamed(members), ...evenNumber(members)] : []),
  ];
}

/** kubespray names members by their place in the group etcd, unless the inventory says otherwise (kubespray_defaults etcd_member_name). */
function renamed(members: Host[]): string[] {
  const moved = members.filter((h, i) => memberName(h) !== `etcd${i + 1}`);
  return moved.length === 0
    ? []
    : [
        `Set ${moved.map((h) => `etcd_member_name: ${memberName(h)} on ${h.name}`).join(", ")} before any playbook runs: kubespray would name ${moved.length === 1 ? "it" : "them"} by the place in the group etcd, which has changed`,
      ];
}

/** roles/validate_inventory, "Stop if even number of etcd hosts". */
const evenNumber = (members: Host[]): string[] =>
  members.length % 2 === 1
    ? []
    : [
        `kubespray's playbooks stop at an even number of hosts in the group etcd, which has ${members.length} now: run none before a failback, or with ignore_assert_errors`,
      ];
