import type { FailoverPlan } from "../acts/failover/plan";
import { inventoryChange } from "../installers/etcd-unit/inventory";

/** The lines of the operator's inventory that have to go after a failover, as a diff: no act knows that file. Empty if the installer has none. */
export function describeInventory({ site, lostHosts }: FailoverPlan): string[] {
  const change = inventoryChange(site.installer, [...lostHosts, ...site.hosts], lostHosts);
  return change === undefined
    ? []
    : [
        "",
        `${change.file}, which you change before the next playbook: no act does`,
        ...change.diff.map((line) => `  ${line}`),
        ...change.notes.map((words) => `  ${words}.`),
      ];
}
