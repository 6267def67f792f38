import { flagOf, withoutShadowed } from "../../etcd/environment";
import { type Process, withArgument } from "../../runtimes/process";

/** No client is served by an etcd that doesn't stay: an API server that connected would lose it again at once. */
export const toItself = (cmd: string[]): string[] => withArgument(cmd, "listen-client-urls", "https://127.0.0.1:2379");

/**
 * An etcd on a copy of its data, for a container without network beside the old etcd: no other host hears it, and it answers no peer
 * in that one's name. It sees the copy in the place of its data, and nothing else of that folder. For on-host/lib/etcd/copy.sh.
 */
export function inSandbox(process: Process, epoch: number): Process {
  const listens = withArgument(process.cmd, "listen-peer-urls", "https://127.0.0.1:2380");
  return {
    ...process,
    cmd: listens.filter((arg) => !arg.startsWith("--listen-metrics-urls=")),
    env: process.env.filter((variable) => flagOf(variable) !== "listen-metrics-urls"),
    binds: process.binds.map((bind) =>
      bind.replace(/^[^:]+(?=:\/var\/lib\/rancher\/etcd\/?(:|$))/, `/var/lib/etcd/rke-dr-forced-epoch-${epoch}`),
    ),
  };
}

/**
 * The same for an etcd that only applies the entries of its WAL. It serves its metrics, in which on-host/lib/etcd/copy.sh reads
 * its progress, and writes each applied entry to its database at once, because it can't be stopped gracefully.
 */
export function replaying(process: Process, epoch: number): Process {
  const alone = inSandbox({ ...process, cmd: toItself(process.cmd) }, epoch);
  const cmd = alone.cmd.filter((arg) => !arg.startsWith("--backend-batch-interval="));
  return withoutShadowed({
    ...alone,
    cmd: [...cmd, "--backend-batch-interval=10ms", "--listen-metrics-urls=http://127.0.0.1:2381"],
  });
}
