import type { Drill } from "./drill";

/** Checks where the API's name leads on each of these hosts, if the cluster has such a name: the act must have made it lead there. */
export async function namesLead(drill: Drill, hosts: { name: string }[], to: { address: string }): Promise<void> {
  const { sharedName } = drill.cluster;
  if (sharedName === undefined) return;
  const found = await Promise.all(
    hosts.map(async ({ name }) => {
      const { stdout } = await drill.lab.execOn(name, ["getent", "ahostsv4", sharedName]);
      return { name, address: stdout.split(" ")[0] ?? "" };
    }),
  );
  drill.check(
    `${sharedName} leads to ${to.address} on every host that is left`,
    found.every((f) => f.address === to.address),
    found.map((f) => `${f.name}: ${f.address || "nowhere"}`).join(", "),
  );
}
