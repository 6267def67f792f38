import { type Act, isShown } from "../declaration/shown-on-hosts";
import { installerOf } from "../installers/installers";
import type { Topology } from "../topology/topology";
import { problem, type Verdict, verdict } from "./verdict";

const words: Record<Act, string> = {
  peace: "stack primary",
  forceNewCluster: "a failover by force",
  restore: "a failover by restore",
  failback: "a failback",
};

/** Stops an act that no drill has shown on hosts of such a cluster; no line of preview if all of the installer's acts were shown. */
export const shownOnHosts = (topology: Topology, act: Act): Verdict[] =>
  isShown(topology, act)
    ? []
    : [
        verdict(
          "shown on hosts",
          [
            problem(
              `${words[act]} must have been shown by a drill on hosts that ${installerOf(topology).title} made: it wasn't yet (docs/verified.md)`,
              `${other[act]}`,
            ),
          ],
          "",
        ),
      ];

const other: Record<Act, string> = {
  peace: "Import and render are built; the pages of `npm run render` show what an act would change",
  forceNewCluster: "Restore the data instead: `pulumi config set --path recover.method restore --stack failover`",
  restore: "Force a voter's data instead: `pulumi config set --path recover.method forceNewCluster --stack failover`",
  failback:
    "Bring the hosts back by the installer's own means; the pages of `npm run render` show what each must run in the end",
};
