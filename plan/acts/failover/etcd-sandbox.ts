import { withoutShadowed } from "../../etcd/environment";
import { type Process, withArgument, withCommand } from "../../runtimes/process";
import { flagOf } from "../../values/etcd-variables";

/** No client is served by an etcd that doesn't stay: an API server that connected would lose it again at once. */
export const toItself = (cmd: string[]): string[] => withArgument(cmd, "listen-client-urls", "https://127.0.0.1:2379");

/**
 * An etcd on a copy of its data, for a container without network beside the old etcd: no other host hears it, and it answers no peer
 * in that one's name. It sees the copy in the place of its data, and nothing else of that folder. For on-host/lib/etcd/copy.sh.
 */
export function inSandbox(process: Process, epoch: number, dataInside: string): Process {
  const isData = (bind: string) => bind.split(":")[1]?.replace(/\/$/, "") === dataInside;
  return {
    ...apart(process),
    binds: process.binds.map((bind) =>
      isData(bind) ? bind.replace(/^[^:]+/, `/var/lib/etcd/rke-dr-forced-epoch-${epoch}`) : bind,
    ),
  };
}

/** The same for an etcd without network on the data itself. */
export const apart = (process: Process): Process => ({
  ...withCommand(process, (command) =>
    withArgument(command, "listen-peer-urls", "https://127.0.0.1:2380").filter(
      (arg) => !arg.startsWith("--listen-metrics-urls="),
    ),
  ),
  env: process.env.filter((variable) => flagOf(variable) !== "listen-metrics-urls"),
});

/**
 * The same for an etcd that only applies the entries of its WAL. It serves its metrics, in which on-host/lib/etcd/copy.sh reads
 * its progress, and writes each applied entry to its database at once, because it can't be stopped gracefully.
 */
export function replaying(process: Process, epoch: number, dataInside: string): Process {
  const alone = inSandbox(withCommand(process, toItself), epoch, dataInside);
  return withoutShadowed(
    withCommand(alone, (command) => [
      ...command.filter((arg) => !arg.startsWith("--backend-batch-interval=")),
      "--backend-batch-interval=10ms",
      "--listen-metrics-urls=http://127.0.0.1:2381",
    ]),
  );
}
