import type { Lab } from "../lab/lab";
import { LabError } from "../lab/machine/run";
import { hasEtcd, loginOf } from "../lab/state/topology";
import { drillCluster } from "./cluster";
import { type Drill, lost } from "./drill";

/** When a snapshot was taken, Unix milliseconds: what was written before is in it, what was written after isn't. */
export interface Taken {
  before: number;
  after: number;
  /** Its path, if a job beside this program has written it: the recovery must start from it. */
  file?: string;
}

/**
 * A snapshot of the cluster on the other side, at a time that is known: by the job that its hosts of etcd have beside this program, if they
 * have one, else on the deploy host.
 */
export async function takeSnapshot(drill: Drill, to: { name: string }): Promise<Taken> {
  const before = Date.now();
  if (drill.cluster.backups) return byTheJob(drill, drill.cluster.backups, before);
  const words = await snapshotOn(drill.lab, to.name);
  drill.check("a snapshot lies on the other side", words.startsWith(`etcd-${drill.cluster.voter}-`), words);
  return { before, after: Date.now() };
}

/** The job's own script, run once more on the first host of etcd that will survive. */
async function byTheJob(
  drill: Drill,
  { script, glob }: NonNullable<Drill["cluster"]["backups"]>,
  before: number,
): Promise<Taken> {
  const from = drill.lab.hosts().find((h) => h.datacenter !== lost && hasEtcd(h));
  if (!from) throw new LabError("snapshot: a host of etcd must survive, none does");
  const command = `sh ${script}; ls -t ${glob} | head -n 1`;
  const ran = await drill.lab.execOn(from.name, ["bash", "-c", command]);
  const file = ran.stdout.trim();
  drill.check(
    "the hosts' own job leaves a snapshot on the other side",
    file !== "",
    `${from.name}: ${file || ran.stderr.trim()}`,
  );
  return { before, after: Date.now(), file };
}

/**
 * By the schedule, asked for one at once; where the topology has none, as the schedule leaves it: taken from a voter, brought
 * to the deploy host `to`, described beside it.
 * @returns "NAME, revision N", the snapshot's file being NAME.db
 */
export async function snapshotOn(lab: Lab, to: string): Promise<string> {
  const { voter } = drillCluster(lab);
  const from = lab.hosts().find((h) => h.name === voter);
  if (!from) throw new LabError(`snapshot: it must come from a voter, the host ${voter} is missing`);
  const { user, port } = loginOf(lab.state().topology, from);
  const ran = await lab.execOn(to, ["bash", "-c", script, "bash", from.name, from.address, user, String(port)]);
  if (ran.code !== 0) throw new LabError(`snapshot: one must be taken, it failed: ${ran.stderr.trim()}`);
  return ran.stdout.trim();
}

const script = `set -euo pipefail
host=$1 address=$2 user=$3 port=$4 dir=/var/lib/rke-dr/snapshots
mkdir -p "$dir"
cd "$dir"
if [[ -e /etc/rke-dr/snapshots/take.sh ]]; then
  newest() { find . -name 'etcd-*.json' -printf '%f\\n' | sort | tail -n 1; }
  old=$(newest)
  touch /etc/rke-dr/snapshots/now
  for ((i = 0; i < 600; i++)); do
    new=$(newest)
    if [[ $new != "$old" && $(cat "$new") =~ \\"revision\\":([0-9]+) ]]; then
      echo "\${new%.json}, revision \${BASH_REMATCH[1]}, by the schedule"
      exit 0
    fi
    sleep 0.1
  done
  echo "the schedule took none within 60 s: $(cat status)" >&2
  exit 1
fi
name=etcd-$host-$(date -u +%Y%m%dT%H%M%SZ) taken=$(date +%s%3N)
there() { ssh -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts -p "$port" "$user@$address" sudo -n sh -c "'$1'"; }
status=$(there 'docker exec etcd etcdctl snapshot save /var/lib/rancher/etcd/drill.db >/dev/null 2>&1 && docker exec etcd etcdctl snapshot status /var/lib/rancher/etcd/drill.db -w json')
there 'cat /var/lib/etcd/drill.db && rm /var/lib/etcd/drill.db' >"$name.db"
[[ $status =~ \\"hash\\":([0-9]+),\\"revision\\":([0-9]+) ]]
printf '{"takenAt":%s,"host":"%s","cluster":"lab","revision":%s,"bytes":%s,"hash":%s,"sha256":"%s","etcdVersion":"unknown"}\n' \
  "$taken" "$host" "\${BASH_REMATCH[2]}" "$(stat -c %s "$name.db")" "\${BASH_REMATCH[1]}" "$(sha256sum "$name.db" | cut -d' ' -f1)" >"$name.new"
mv "$name.new" "$name.json"
echo "$name, revision \${BASH_REMATCH[2]}"
`;
