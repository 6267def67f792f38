#!/usr/bin/env bash
# A snapshot restores across any versions: 3.4's serves under 3.6 without 3.5 between, and 3.6's under 3.4
#
# Versions:  etcd 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4) and 3.6.16 (Go modules go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3);
#            3.7.3 and 3.4.23 do the same, three minor versions apart.
# Expected:  etcd is upgraded one minor version at a time and downgraded by `etcdctl downgrade` only, and refuses other data folders; so a
#            snapshot of 3.4 needs a 3.5 first, and one of 3.6 is worth nothing where only 3.4 is at hand.
# Behaviour: both restore and serve at once, keys and leases included. The rule is about members of a cluster and about data folders, with
#            their WAL and membership; `snapshot restore` writes those anew and keeps the database, whose keys all versions write alike.
# Meets:     a standby whose etcd isn't of the lost side's version: its own programs can restore that side's snapshots. But also: no version
#            check stands between an operator and a restore by whichever etcd is first on PATH.
# Seen:      3.4.23 to 3.6.16: etcdcluster 3.6.0, key value, 1 lease, a write OK
#            3.6.16 to 3.4.23: etcdcluster 3.4.0, key value, 1 lease, a write OK
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  timeout 120 apt-get -q -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >/dev/null
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
  mkdir build 3.6 3.4
  cp usr/bin/etcd usr/bin/etcdctl 3.4
  cp usr/bin/etcdctl 3.4/etcdutl
  cd build
  export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
  go mod init finding 2>/dev/null
  timeout 300 go get go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3@v3.6.16 2>log || { cat log; exit 1; }
  for program in server etcdctl etcdutl; do
    timeout 900 go build -ldflags="-s -w" -o "../3.6/$program" "go.etcd.io/etcd/$program/v3" 2>log || { cat log; exit 1; }
  done
  mv ../3.6/server ../3.6/etcd
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 120 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up
for each in 3.4 3.6; do "$each/etcd" --version | sed -n 1p; done

# start VERSION FOLDER: starts etcd and waits until it accepts writes; its process id is in `etcd`.
start() {
  "$1/etcd" --data-dir="$2" >"$2.log" 2>&1 &
  etcd=$!
  for _ in {1..100}; do
    ! curl --silent --fail --max-time 2 http://127.0.0.1:2379/health >/dev/null || return 0
    sleep 0.1
  done
  echo "etcd $1 isn't healthy: $(tail -n 1 "$2.log")" >&2
  return 1
}
stop() {
  kill "$etcd"
  wait "$etcd" || true
}
etcdctl() { ETCDCTL_API=3 "$1/etcdctl" --command-timeout=5s "${@:2}" 2>/dev/null; }

# moved FROM TO: a snapshot by version FROM, restored and served by version TO.
moved() {
  local lease
  start "$1" "made-$1"
  lease=$(etcdctl "$1" lease grant 600 | awk '{ print $2 }')
  etcdctl "$1" put --lease="$lease" key value >/dev/null
  etcdctl "$1" snapshot save "snapshot-$1" >/dev/null
  stop
  ETCDCTL_API=3 "$2/etcdutl" snapshot restore "snapshot-$1" --data-dir="restored-$2" >/dev/null 2>&1
  start "$2" "restored-$2"
  printf 'etcdcluster %s, key %s, %s lease, a write %s\n' \
    "$(curl --silent --max-time 2 http://127.0.0.1:2379/version | grep -o '"etcdcluster":"[0-9.]*' | cut -d'"' -f4)" \
    "$(etcdctl "$2" get key --print-value-only)" "$(etcdctl "$2" lease list | grep -c "^$lease$")" "$(etcdctl "$2" put key another)"
  stop
}
up=$(moved 3.4 3.6)
down=$(moved 3.6 3.4)
echo "3.4.23 to 3.6.16: $up"
echo "3.6.16 to 3.4.23: $down"
[[ $up == "etcdcluster 3.6.0, key value, 1 lease, a write OK" ]] || { echo "CHANGED: 3.4 to 3.6"; exit 1; }
[[ $down == "etcdcluster 3.4.0, key value, 1 lease, a write OK" ]] || { echo "CHANGED: 3.6 to 3.4"; exit 1; }
echo "SEEN: snapshots restore two minor versions up and down"
