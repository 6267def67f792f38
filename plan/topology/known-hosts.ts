import { type Host, sshLogin, type Topology } from "./topology";

/** Lines of known_hosts for the hosts whose keys are pinned. */
export function knownHosts({ ssh }: Pick<Topology, "ssh">, hosts: Host[]): string {
  return hosts
    .filter((h) => h.hostKey !== "unpinned")
    .map((h) => {
      const { port } = sshLogin(ssh, h);
      return `${port === 22 ? h.address : `[${h.address}]:${port}`} ${h.hostKey}`;
    })
    .join("\n");
}
