#!/usr/bin/env bash
# A cluster restored from a snapshot goes on with the downgrade that the lost cluster had begun
#
# Version:   etcd 3.6.16 (Go modules go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3); 3.7.3 does the same with 3.6.
# Expected:  a restore makes a new cluster: what the old one was about to do with its members (as its member list) is forgotten.
# Behaviour: `downgrade enable` is kept in the database, and `snapshot restore` takes out the members only. A 3.6 started on the restored
#            data sets the new cluster's version to 3.5 and rewrites its storage for 3.5 by itself, within seconds. `snapshot status` shows
#            VERSION 3.6.0 and nothing of it. `downgrade cancel` leads back to 3.6.
# Meets:     a disaster during a downgrade (or one that was enabled and forgotten): each restore from that time on is a 3.5 cluster, run by 3.6.
# Seen:      the snapshot: fa8dcbb9, 2, 1, 20 kB, 3.6.0
#            restored: {"etcdserver":"3.6.16","etcdcluster":"3.5.0","storage":"3.5.0"}
#            downgrade cancel: {"etcdserver":"3.6.16","etcdcluster":"3.6.0","storage":"3.6.0"}
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/build" "$work/bin"
  cd "$work/build"
  export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
  go mod init finding 2>/dev/null
  timeout 300 go get go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3@v3.6.16 2>log || { cat log; exit 1; }
  for program in server etcdctl etcdutl; do
    timeout 900 go build -ldflags="-s -w" -o "../bin/$program" "go.etcd.io/etcd/$program/v3" 2>log || { cat log; exit 1; }
  done
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 180 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up
etcdctl() { bin/etcdctl --command-timeout=5s "$@" 2>/dev/null; }
version() { curl --silent --max-time 2 http://127.0.0.1:2379/version; }
# until_version TEXT: waits until etcd's version contains it, 30 s at most, and prints the version.
until_version() {
  for _ in {1..150}; do
    [[ $(version) != *"$1"* ]] || break
    sleep 0.2
  done
  version
}
# start FOLDER: starts etcd; its process id is in `etcd`.
start() {
  bin/server --data-dir="$1" >"$1.log" 2>&1 &
  etcd=$!
}
start old
until_version '"etcdcluster":"3.6.0"' >/dev/null
for _ in {1..50}; do
  # refused until the new cluster's version is settled
  ! etcdctl downgrade enable 3.5 >/dev/null || break
  sleep 0.2
done
etcdctl put key value >/dev/null
etcdctl snapshot save snapshot >/dev/null
kill "$etcd"
wait "$etcd" || true
status=$(bin/etcdutl snapshot status snapshot)
bin/etcdutl snapshot restore snapshot --data-dir=restored 2>/dev/null
start restored
restored=$(until_version '"storage":"3.5.0"')
etcdctl downgrade cancel >/dev/null
cancelled=$(until_version '"storage":"3.6.0"')
printf 'the snapshot: %s\nrestored: %s\ndowngrade cancel: %s\n' "$status" "$restored" "$cancelled"
[[ $status == *", 3.6.0" ]] || { echo "CHANGED: the snapshot's version"; exit 1; }
[[ $restored == '{"etcdserver":"3.6.16","etcdcluster":"3.5.0","storage":"3.5.0"}' ]] || { echo "CHANGED: no downgrade"; exit 1; }
[[ $cancelled == '{"etcdserver":"3.6.16","etcdcluster":"3.6.0","storage":"3.6.0"}' ]] || { echo "CHANGED: cancel doesn't lead back"; exit 1; }
echo "SEEN: the restored cluster goes on with the old cluster's downgrade"
