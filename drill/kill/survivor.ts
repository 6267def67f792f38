import type { Lab } from "../../lab/lab";
import { LabError, must } from "../../lab/machine/run";

/** The folder in which a drill keeps copies on the survivor. */
export const scratch = "/var/lib/rke-dr-drill";

/** Copies, forces and reads the data of the survivor's etcd, by scripts on its host. Folders are such as hold `member/`. */
export class SurvivorData {
  constructor(
    private readonly lab: Lab,
    readonly host: string,
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
    const keys = new Set(await this.on(keysOf, folder, prefix, ...flags));
    if (!keys.delete("served")) throw new LabError(`${this.host}: an etcd started on ${folder} must serve, didn't`);
    return keys;
  }
}

/** The container of etcd may have been renamed by a failover. */
const image = `image=$(docker ps -a --format '{{.Image}} {{.Names}}' | awk '$2 ~ /^etcd/ { print $1; exit }')`;

const keysOf = `set -e
folder=$1 prefix=$2
shift 2
${image}
docker rm -f drill-alone >/dev/null 2>&1 || true
docker run -d --name drill-alone --network none -v "$folder":/data --entrypoint etcd "$image" --name=drill --data-dir=/data \\
  --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \\
  --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \\
  --initial-cluster=drill=http://127.0.0.1:2380 "$@" >/dev/null
for ((i = 0; i < 300; i++)); do
  if keys=$(docker exec -e ETCDCTL_API=3 drill-alone etcdctl get "$prefix" --prefix --keys-only 2>/dev/null); then
    printf '%s\\nserved\\n' "$keys"
    docker rm -f drill-alone >/dev/null
    exit 0
  fi
  [[ $(docker inspect --format '{{.State.Running}}' drill-alone) == true ]] || break
  sleep 0.1
done
docker logs --tail 5 drill-alone >&2
docker rm -f drill-alone >/dev/null
exit 1`;
