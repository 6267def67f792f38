#!/usr/bin/env bash
# A learner whose quota is smaller than the cluster's stops all writes of the cluster, and `alarm disarm` doesn't help
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 does the same.
# Expected:  a learner has no vote and can't harm the voters: one whose database is too small for its own quota falls behind or complains.
# Behaviour: --quota-backend-bytes is each member's own, and each member compares its database with it at every write that it applies. A learner
#            over its quota raises NOSPACE, an alarm of the whole cluster: the voters, far below their quotas, refuse the next write. Disarmed, the
#            alarm is back at the first write. Only the end of that learner (or a greater quota for it) and a disarm end it.
# Meets:     a standby's learner started by a hand-written unit without the flag (the default is 2 GiB) beside voters that have 8 GiB: the safe
#            kind of member takes the healthy side down as soon as it has the data.
# Seen:      before: voter 15 MB of 8.6 GB, put 0
#            joined: alarm of the learner NOSPACE; put 1; disarm, one write, put 1
#            learner removed, disarm: put 0 and 0
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

etcdctl() { usr/bin/etcdctl --endpoints=http://127.0.0.1:2379 --command-timeout=5s "$@" 2>/dev/null; }
# start N FLAG...: starts member N.
start() {
  local at=http://127.0.0.$1
  usr/bin/etcd --name="m$1" --data-dir="m$1" --listen-client-urls="$at:2379" --advertise-client-urls="$at:2379" --listen-peer-urls="$at:2380" \
    --initial-advertise-peer-urls="$at:2380" "${@:2}" >"m$1.log" 2>&1 &
}
# until_true COMMAND...: waits for it, 20 s at most.
until_true() {
  for _ in {1..100}; do
    ! "$@" >/dev/null || return 0
    sleep 0.2
  done
  echo "never true: $*" >&2
  return 1
}
# put: writes a small key and prints how that ended.
put() {
  local result=0
  etcdctl put small value >/dev/null || result=$?
  echo "$result"
}
alarmed() { [[ -n $(etcdctl alarm list) ]]; }

start 1 --initial-cluster=m1=http://127.0.0.1:2380 --quota-backend-bytes=8589934592
until_true etcdctl endpoint health
head -c 1000000 /dev/zero | tr '\0' x >value
for n in {1..12}; do etcdctl put "big$n" <value >/dev/null; done
size=$(etcdctl endpoint status | cut -d, -f4)
before=$(put)
echo "before: voter$size of 8.6 GB, put $before"
learner=$(etcdctl member add m2 --learner --peer-urls=http://127.0.0.2:2380 | sed -n 's/^Member *\([0-9a-f]*\) added.*/\1/p')
start 2 --initial-cluster=m1=http://127.0.0.1:2380,m2=http://127.0.0.2:2380 --initial-cluster-state=existing --quota-backend-bytes=5000000
until_true usr/bin/etcdctl --endpoints=http://127.0.0.2:2379 get --consistency=s big12
etcdctl put small value >/dev/null || true
until_true alarmed
alarm=$(etcdctl alarm list)
joined=$(put)
etcdctl alarm disarm >/dev/null
etcdctl put small value >/dev/null || true
until_true alarmed
disarmed=$(put)
[[ $alarm == "memberID:$(printf %u "0x$learner") alarm:NOSPACE"* ]] || { echo "CHANGED: the alarm, $alarm"; exit 1; }
echo "joined: alarm of the learner NOSPACE; put $joined; disarm, one write, put $disarmed"
etcdctl member remove "$learner" >/dev/null
etcdctl alarm disarm >/dev/null
first=$(put)
sleep 1
second=$(put)
echo "learner removed, disarm: put $first and $second"
[[ $before == 0 && $joined == 1 && $disarmed == 1 && $first == 0 && $second == 0 ]] || { echo "CHANGED: the writes"; exit 1; }
echo "SEEN: a learner's own quota stops the writes of the whole cluster"
