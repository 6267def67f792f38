import { LabError } from "../run";
import type { Drill } from "./failover";

interface Place {
  name: string;
  address: string;
}

/**
 * A snapshot of the cluster as the schedule leaves it on the other side's deploy host: taken from a voter, brought there,
 * described beside it. The drill takes it itself, so that it is known when, and what the client wrote after it.
 */
export async function takeSnapshot(drill: Drill, to: Place): Promise<void> {
  const from = drill.lab.hosts().find((h) => h.name === "master1");
  if (!from) throw new LabError("drill: a snapshot must come from a voter, the host master1 is missing");
  const ran = await drill.lab.execOn(to.name, ["bash", "-c", script, "bash", from.name, from.address]);
  if (ran.code !== 0) throw new LabError(`drill: a snapshot must be taken, it failed: ${ran.stderr.trim()}`);
  drill.check("a snapshot lies on the other side", /^etcd-master1-/.test(ran.stdout), ran.stdout.trim());
}

const script = `set -euo pipefail
host=$1 address=$2 dir=/var/lib/rke-dr/snapshots
mkdir -p "$dir"
cd "$dir"
name=etcd-$host-$(date -u +%Y%m%dT%H%M%SZ) taken=$(date +%s%3N)
there() { ssh -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts "root@$address" "$@"; }
status=$(there 'docker exec etcd etcdctl snapshot save /var/lib/rancher/etcd/drill.db >/dev/null 2>&1 && docker exec etcd etcdctl snapshot status /var/lib/rancher/etcd/drill.db -w json')
there 'cat /var/lib/etcd/drill.db && rm /var/lib/etcd/drill.db' >"$name.db"
[[ $status =~ "hash":([0-9]+),"revision":([0-9]+) ]]
printf '{"takenAt":%s,"host":"%s","cluster":"lab","revision":%s,"bytes":%s,"hash":%s,"sha256":"%s","etcdVersion":"unknown"}\n' \
  "$taken" "$host" "\${BASH_REMATCH[2]}" "$(stat -c %s "$name.db")" "\${BASH_REMATCH[1]}" "$(sha256sum "$name.db" | cut -d' ' -f1)" >"$name.new"
mv "$name.new" "$name.json"
echo "$name, revision \${BASH_REMATCH[2]}"
`;
