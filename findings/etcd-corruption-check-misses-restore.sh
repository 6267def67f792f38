#!/usr/bin/env bash
# etcd's corruption checks pass two members that were restored differently: one with --bump-revision, one without
#
# Version:   etcd 3.6.16 (Go modules go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3), two members restored from one snapshot as one cluster, with
#            InitialCorruptCheck (kubeadm sets it) and --corrupt-check-time=1s. 3.7.3 does the same.
# Expected:  a member whose data differ from its peer's doesn't start, or the alarm CORRUPT is raised within seconds: that is the checks' job.
# Behaviour: the checks compare hashes at one revision, and two members 1000 revisions apart have none in common: the peer answers "required
#            revision is a future revision" or "has been compacted", a warning is logged, and the check "passed; no corruption". The same with
#            either member as leader. Both are healthy, have applied the same raft index, and answer linearizable reads with different
#            revisions for ever.
# Meets:     a restore that is typed host by host, with the flag forgotten once. kube-apiservers then meet two histories in one cluster, and
#            nothing but a comparison of revisions tells.
# Seen:      raft applied index 12 and 12, revision 1004 and 4; 2 healthy; alarms: none; initial checks passed: 2; fruitless checks with m1 as
#            leader: 3, with m2: 3
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
bin/server --version | sed -n 1p
# m1 is at 127.0.0.1, m2 at 127.0.0.2
cluster=m1=http://127.0.0.1:2380,m2=http://127.0.0.2:2380
# start N [FLAG...]: starts member N.
start() {
  local at=http://127.0.0.$1
  bin/server --name="m$1" --data-dir="m$1" --listen-client-urls="$at:2379" --advertise-client-urls="$at:2379" --listen-peer-urls="$at:2380" \
    --initial-advertise-peer-urls="$at:2380" "${@:2}" >>"m$1.log" 2>&1 &
}
# ask N ARGUMENT...: etcdctl at member N alone.
ask() { bin/etcdctl --endpoints="http://127.0.0.$1:2379" --command-timeout=5s "${@:2}" 2>/dev/null; }
# until_true COMMAND...: waits for it, 60 s at most.
until_true() {
  for _ in {1..300}; do
    ! "$@" >/dev/null || return 0
    sleep 0.2
  done
  echo "never true: $*" >&2
  return 1
}
status() { ask "$1" endpoint status -w fields | sed -n "s/^\"$2\" : //p"; }

start 1 --initial-cluster=m1=http://127.0.0.1:2380
until_true ask 1 endpoint health
for i in 1 2; do ask 1 put key "value-$i" >/dev/null; done
ask 1 snapshot save snapshot >/dev/null
kill %1
wait %1 || true
rm -r m1 m1.log

for i in 1 2; do
  flags=()
  [[ $i == 2 ]] || flags=(--bump-revision=1000 --mark-compacted)
  bin/etcdutl snapshot restore snapshot --data-dir="m$i" --name="m$i" --initial-cluster="$cluster" --initial-advertise-peer-urls="http://127.0.0.$i:2380" \
    "${flags[@]}" 2>/dev/null
done
for i in 1 2; do
  start "$i" --initial-cluster="$cluster" --feature-gates=InitialCorruptCheck=true --corrupt-check-time=1s
done
until_true ask 1 put key value-3
until_true ask 2 endpoint health
passed=0
for i in 1 2; do ! grep -q 'initial corruption checking passed; no corruption' "m$i.log" || passed=$((passed + 1)); done
# the leader checks: each member is the leader for the time of several checks
checks=()
for i in 1 2; do
  id=$(ask "$i" endpoint status -w fields | sed -n 's/^"MemberID" : //p')
  ask 1 move-leader "$(printf %x "$id")" >/dev/null || ask 2 move-leader "$(printf %x "$id")" >/dev/null || true
  until_true test "$(status "$i" Leader)" == "$id"
  before=$(grep -c 'failed hash kv request\|failed to get hashKV' "m$i.log" || true)
  for _ in {1..100}; do
    checks[i]=$(($(grep -c 'failed hash kv request\|failed to get hashKV' "m$i.log" || true) - before))
    ((checks[i] < 3)) || break
    sleep 0.1
  done
done
alarms=$(ask 1 alarm list)
healthy=$(for i in 1 2; do ask "$i" endpoint health >/dev/null && echo yes; done | wc -l)
indices="$(status 1 RaftAppliedIndex) $(status 2 RaftAppliedIndex)"
revisions="$(status 1 Revision) $(status 2 Revision)"
echo "raft applied index ${indices/ / and }, revision ${revisions/ / and }; $healthy healthy; alarms: ${alarms:-none}; initial checks passed: $passed;" \
  "fruitless checks with m1 as leader: ${checks[1]}, with m2: ${checks[2]}"
[[ $passed == [12] && $healthy == 2 && -z $alarms ]] || { echo "CHANGED: a check has seen it"; exit 1; }
[[ ${revisions% *} != "${revisions#* }" ]] || { echo "CHANGED: the members are equal"; exit 1; }
echo "SEEN: etcd's corruption checks say nothing of two members that are 1000 revisions apart"
