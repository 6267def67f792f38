#!/usr/bin/env bash
# Where etcd has a --wal-dir of its own, a restore that names the data folder only is undone at the first start, without an error
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 (etcdutl) does the same.
# Expected:  a restored database beside the lost cluster's log is refused at the start: they aren't of one history.
# Behaviour: `snapshot restore --data-dir` writes the new log to DATA-DIR/member/wal, which etcd never looks at, as it was told another place. There
#            it finds the old log, sees that the restored database has applied next to nothing, and applies the whole old log to it: every
#            write and deletion since the snapshot, on top of the restored keys. Healthy, no alarm. With the old log moved away, etcd silently
#            begins an empty one and the restored keys are there: the restore's --wal-dir is what was missing. (Seen with a log that still has
#            its first file, as etcd keeps it for the first few hundred MB.)
# Meets:     a restore in order to undo a deletion, on hosts whose WAL has a disk of its own: the deletion happens again within the second, and the
#            operator goes looking for an older snapshot.
# Seen:      restored with the data folder only: key gone, after lost; healthy
#            restored with --wal-dir, too:       key good, after gone; healthy
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  timeout 120 apt-get -q -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >/dev/null
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 120 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up
export ETCDCTL_API=3
usr/bin/etcd --version | sed -n 1p

etcdctl() { usr/bin/etcdctl --command-timeout=5s "$@" 2>/dev/null; }
# start: starts etcd as its unit would, the log on another disk; its process id is in `etcd`.
start() {
  usr/bin/etcd --data-dir=data --wal-dir=log-disk/wal >etcd.log 2>&1 &
  etcd=$!
  for _ in {1..100}; do
    ! etcdctl endpoint health >/dev/null || return 0
    sleep 0.1
  done
  echo "etcd isn't healthy: $(tail -n 1 etcd.log)" >&2
  return 1
}
stop() {
  kill "$etcd"
  wait "$etcd" || true
}
# has: prints what etcd has of the two keys.
has() {
  local each value
  for each in key after; do
    value=$(etcdctl get "$each" --print-value-only)
    printf '%s %s, ' "$each" "${value:-gone}"
  done | sed 's/, $//'
  if [[ -z $(etcdctl alarm list) ]] && etcdctl endpoint health >/dev/null; then echo "; healthy"; fi
}
start
etcdctl put key good >/dev/null
etcdctl snapshot save snapshot >/dev/null
etcdctl del key >/dev/null
etcdctl put after lost >/dev/null
stop

mv data lost-data
usr/bin/etcdctl snapshot restore snapshot --data-dir=data >/dev/null 2>&1
start
only=$(has)
stop
rm -r data log-disk
usr/bin/etcdctl snapshot restore snapshot --data-dir=data --wal-dir=log-disk/wal >/dev/null 2>&1
start
both=$(has)
stop
echo "restored with the data folder only: $only"
echo "restored with --wal-dir, too:       $both"
[[ $only == "key gone, after lost; healthy" ]] || { echo "CHANGED: the data folder only"; exit 1; }
[[ $both == "key good, after gone; healthy" ]] || { echo "CHANGED: with --wal-dir"; exit 1; }
echo "SEEN: etcd applies the lost cluster's log to the restored database"
