import type { Lab } from "../../lab/lab";
import { LabError, must } from "../../lab/machine/run";
import { type Dialect, onHostScript } from "../../on-host";

/** The folder in which a drill keeps copies on the survivor. */
export const scratch = "/var/lib/rke-dr-drill";

/** Copies, forces and reads the data of the survivor's etcd, by scripts on its host. Folders are such as hold `member/`. */
export class SurvivorData {
  constructor(
    private readonly lab: Lab,
    readonly host: string,
    private readonly dialect: Dialect,
  ) {}

  /** Runs a script with arguments and returns the lines that it printed. @throws LabError with what it said where it failed */
  async on(script: string, ...args: string[]): Promise<string[]> {
    const { stdout } = await must(this.lab.hostCommand(this.host, ["bash", "-c", script, "bash", ...args]), {
      timeoutSeconds: 120,
    });
    return stdout.split("\n").filter((line) => line !== "");
  }

  async copy(from: string, name: string): Promise<string> {
    const to = `${scratch}/${name}`;
    await this.on('set -e; rm -rf "$2"; mkdir -p "$2"; cp -a --sparse=always "$1/member" "$2/"', from, to);
    return to;
  }

  /** The keys that stand in the WAL, committed or not. */
  async inWal(folder: string, prefix: string): Promise<Set<string>> {
    return new Set(await this.on(`grep -hoaE "$2[0-9]+-[0-9]+" "$1"/member/wal/*.wal || true`, folder, prefix));
  }

  /** The keys that an etcd has which is started on the data, alone and without a network. It changes the data. */
  async keys(folder: string, prefix: string, ...flags: string[]): Promise<Set<string>> {
    const keys = new Set(await this.on(keysOf(this.dialect), folder, prefix, ...flags));
    if (!keys.delete("served")) throw new LabError(`${this.host}: an etcd started on ${folder} must serve, didn't`);
    return keys;
  }
}

/** The etcd of the host's own image, by the host's own runtime; the process may have been renamed by a failover. */
const keysOf = (dialect: Dialect): string => `die() { echo "$*" >&2; exit 1; }
set -e
${onHostScript(`runtimes/${dialect.runtime}`, dialect)}
folder=$1 prefix=$2
shift 2
name=$(process_names | grep -m 1 '^etcd')
image=$(process_image "$name")
process_drop drill-alone
run_alone "$image" etcd --name drill-alone --env ETCDCTL_API=3 --write "$folder:/data" -- --name=drill --data-dir=/data \\
  --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \\
  --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \\
  --initial-cluster=drill=http://127.0.0.1:2380 "$@" >/tmp/drill-alone.log 2>&1 &
alone=$!
for ((i = 0; i < 300; i++)); do
  if keys=$(process_exec drill-alone etcdctl get "$prefix" --prefix --keys-only 2>/dev/null); then
    printf '%s\\nserved\\n' "$keys"
    process_drop drill-alone
    exit 0
  fi
  kill -0 "$alone" 2>/dev/null || break
  sleep 0.1
done
tail -n 5 /tmp/drill-alone.log >&2
process_drop drill-alone
exit 1`;
