import { actProblems } from "../declaration/installers";
import { inventoryChange } from "../installers/etcd-unit/inventory";
import { differences } from "../runtimes/process";
import { allHosts, type Topology } from "../topology/topology";
import { svg } from "./diagram";
import { fenced, inFolder, lossHead, overview } from "./pages";
import type { Act } from "./rendering";
import { renderUnit, type UnitRendering } from "./rendering-unit";

/** The files of `rendered/` for a cluster whose etcd is a unit of systemd: each host's settings and static pods in peace and after each loss. */
export function unitPages(topology: Topology): Record<string, string> {
  const primary = renderUnit(topology, { stack: "primary" });
  const control =
    topology.kubeadm === undefined ? "" : ", manifests as kubeadm writes them: [manifests](primary/manifests)";
  return {
    "README.md": overview(
      topology,
      primary.analysis,
      `etcd's settings and unit as they lie on its hosts: [units](primary/units)${control}`,
    ),
    "topology.svg": svg(topology),
    ...inFolder("primary", files(primary)),
    ...Object.assign({}, ...topology.datacenters.map((dc) => failoverPages(topology, dc.name, primary))),
  };
}

/** By path, so that a host has all of its files in one folder of each kind. */
const files = ({ units, manifests }: UnitRendering): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ units, manifests }).flatMap(([kind, byHost]) =>
      Object.entries(byHost).flatMap(([host, own]) =>
        Object.entries(own).map(([file, text]) => [`${kind}/${host}/${file}`, text]),
      ),
    ),
  );

function failoverPages(topology: Topology, lost: string, primary: UnitRendering): Record<string, string> {
  const act: Act = { stack: "failover", lost };
  const rendering = renderUnit(topology, act);
  const isRefused = rendering.refused.length > 0;
  return inFolder(`failover-${lost}`, {
    "README.md": [
      ...lossHead(topology, lost, rendering.analysis),
      "## What a failover would change",
      "",
      ...(isRefused
        ? ["Nothing, a failover would refuse:", "", ...rendering.refused.map((words) => `- ${words}`)]
        : changes(files(primary), files(rendering))),
      "",
      ...(isRefused ? [] : inventoryWords(topology, lost)),
      ...actProblems(topology).map((words) => `Today: ${words}.`),
      "",
    ].join("\n"),
    ...files(rendering),
  });
}

function changes(before: Record<string, string>, after: Record<string, string>): string[] {
  const changed = Object.entries(after).filter(([path, text]) => before[path] !== text);
  const kept = Object.keys(after).filter((path) => before[path] === after[path]);
  return [
    ...changed.flatMap(([path, text]) => [
      fenced("diff", [path, ...differences((before[path] ?? "").split("\n"), text.split("\n"))].join("\n")),
      "",
    ]),
    ...(kept.length > 0 ? [`As before: ${kept.join(", ")}`] : []),
  ];
}

/** The operator's own file: no act changes it. */
function inventoryWords(topology: Topology, lost: string): string[] {
  const gone = allHosts(topology).filter((h) => h.datacenter === lost);
  const change = inventoryChange(topology.installer, allHosts(topology), gone);
  return change === undefined
    ? []
    : [
        "## What the operator changes",
        "",
        `No act knows the inventory. Before any playbook runs again, ${change.file} loses these hosts:`,
        "",
        fenced("diff", change.diff.join("\n")),
        "",
        ...change.notes.flatMap((words) => [words, ""]),
      ];
}
