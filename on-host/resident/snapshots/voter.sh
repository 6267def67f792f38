# needs: runtime installer
# voter: saves a live snapshot of this host's etcd, checks it, and writes it to stdout; nothing of it stays here.
# The schedule of a deploy host sends it by SSH, as
#   bash -s -- CLUSTER EPOCH   <voter.sh
# stdout: a header line, then the file's bytes. stderr: the reason of a failure is the last line.
# shellcheck shell=bash
set -Eeuo pipefail
umask 077
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cluster=${1:?cluster} epoch=${2:?epoch}
state=${RKE_DR_STATE:-/var/lib/rke-dr}
# in the one folder that both the host and etcd's container have
file=${RKE_DR_ETCD:-/var/lib/etcd}/rke-dr-scheduled.db inside=$etcd_inside/rke-dr-scheduled.db

refuse() {
  printf '%s\n' "$*" >&2
  exit 1
}
etcdctl() { time_limit=$1 process_etcdctl etcd "" --command-timeout="$1s" "${@:2}"; }
number() { [[ $2 =~ \"$1\":([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }
text() { [[ $2 =~ \"$1\":\"([0-9a-z.+-]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"; }

host_cluster=$(cat "$state/cluster" 2>/dev/null || true) host_epoch=$(cat "$state/epoch" 2>/dev/null || true)
[[ $host_cluster == "$cluster" ]] || refuse "it belongs to cluster ${host_cluster:-unknown}, not to $cluster"
# an old voter that came back after a failover has the data of before it
[[ $host_epoch == "$epoch" ]] || refuse "it is at epoch ${host_epoch:-unknown}, the deploy host at $epoch"

exec 9>"$state/lock.scheduled-snapshot"
flock -w 120 9 || refuse "another snapshot is being taken there for more than 120 s"
trap 'rm -f "$file" "$file.part"' EXIT
# files that a killed run has left
rm -f "$file" "$file.part"

process_runs etcd ||
  refuse "its etcd doesn't run"
status=$(etcdctl 5 endpoint status -w json 2>/dev/null) || refuse "its etcd doesn't answer"
[[ $status != *'"isLearner":true'* ]] || refuse "its etcd is a learner"
# a linearizable read: without quorum etcd's data may be out of date
etcdctl 5 get rke-dr >/dev/null 2>&1 || refuse "its etcd has no quorum"
if ! { cluster_id=$(number cluster_id "$status") && revision=$(number revision "$status") &&
  size=$(number dbSize "$status") && version=$(text version "$status"); }; then
  refuse "etcd's status can't be read: ${status:0:200}"
fi

# etcd stops when its disk is full: a snapshot must never fill it
free=$(df -B1 --output=avail "${file%/*}" | tail -n 1 | tr -d ' ')
need=$((2 * size + 256 * 1024 * 1024))
((free >= need)) || refuse "disk: $free bytes are free below ${file%/*}, $need are needed"

said=$(etcdctl 900 snapshot save "$inside" 2>&1 >/dev/null) || refuse "etcdctl snapshot save: $(tail -n 1 <<<"$said" | cut -c1-200)"
# without a flag of etcdctl's own: where another program of etcd's reads snapshots, it doesn't know it
saved=$(time_limit=300 process_etcdctl etcd "" snapshot status "$inside" -w json 2>/dev/null) || refuse "etcd's own program can't read the snapshot that it saved"
if ! { hash=$(number hash "$saved") && saved_revision=$(number revision "$saved") && keys=$(number totalKey "$saved"); }; then
  refuse "the snapshot's status can't be read: ${saved:0:200}"
fi
((saved_revision >= revision)) || refuse "the snapshot is of revision $saved_revision, etcd was at $revision before"
sha256=$(sha256sum "$file")
printf 'rke-dr-snapshot revision=%s hash=%s keys=%s etcdVersion=%s clusterId=%s bytes=%s sha256=%s\n' \
  "$saved_revision" "$hash" "$keys" "$version" "$cluster_id" "$(stat -c %s "$file")" "${sha256%% *}"
cat "$file"
