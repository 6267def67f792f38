#!/usr/bin/env bash
# A cluster restored from a snapshot has the lost cluster's alarms, raised by members that no longer exist, and refuses writes
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 does the same.
# Expected:  an alarm belongs to a member and to its condition: with new members, new ids, and a quota that the data are far below, there is none.
# Behaviour: alarms stand in the database, and `snapshot restore` takes out the members only. The restored cluster refuses writes from its first
#            moment, for NOSPACE as for CORRUPT, in the name of a member id that its member list doesn't have; a greater quota and a
#            defragmentation change nothing. Linearizable reads, `endpoint health` (of 3.4) and `snapshot status` show nothing of it; `alarm disarm`
#            ends it. --force-new-cluster keeps alarms likewise.
# Meets:     the restore that is to cure just this: a full etcd, or one whose corruption check found a difference. etcd starts, says that it is
#            healthy, and no kube-apiserver becomes ready, as none can write.
# Seen:      NOSPACE: alarms: 1, of a present member: 0; health 0, get 0, put 1; defrag, put 1; disarm, put 0
#            CORRUPT: alarms: 1, of a present member: 0; health 0, get 0, put 1; defrag, put 1; disarm, put 0
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
# start FOLDER FLAG...: starts etcd and waits for it; its process id is in `etcd`.
start() {
  usr/bin/etcd --data-dir="$1" "${@:2}" >"$1.log" 2>&1 &
  etcd=$!
  for _ in {1..100}; do
    ! etcdctl endpoint status >/dev/null || return 0
    sleep 0.1
  done
  echo "etcd doesn't answer: $(tail -n 1 "$1.log")" >&2
  return 1
}
stop() {
  kill "$etcd"
  wait "$etcd" || true
}
# result COMMAND...: prints its exit status.
result() {
  local status=0
  "$@" >/dev/null || status=$?
  echo "$status"
}
# restored NAME: restores that snapshot for another member at another address with another token, and prints what the new cluster does.
restored() {
  local id present
  usr/bin/etcdctl snapshot restore "snapshot-$1" --data-dir="new-$1" --name=new --initial-cluster-token="$1" --initial-cluster=new=http://127.0.0.9:2380 \
    --initial-advertise-peer-urls=http://127.0.0.9:2380 >/dev/null 2>&1
  start "new-$1" --name=new --quota-backend-bytes=8000000000
  id=$(etcdctl alarm list | sed -n "s/^memberID:\([0-9]*\) alarm:$1.*/\1/p")
  present=$(etcdctl member list | grep -c "^$(printf %x "$id")," || true)
  printf 'alarms: %s, of a present member: %s; ' "$(etcdctl alarm list | grep -c .)" "$present"
  printf 'health %s, get %s, put %s; ' "$(result etcdctl endpoint health)" "$(result etcdctl get key)" "$(result etcdctl put key another)"
  etcdctl defrag >/dev/null
  printf 'defrag, put %s; ' "$(result etcdctl put key another)"
  etcdctl alarm disarm >/dev/null
  printf 'disarm, put %s\n' "$(result etcdctl put key another)"
  stop
}
head -c 1000000 /dev/zero | tr '\0' x >value
start NOSPACE --quota-backend-bytes=4000000
etcdctl put key value >/dev/null
until [[ $(etcdctl alarm list) == *NOSPACE* ]]; do etcdctl put big <value >/dev/null || sleep 0.1; done
etcdctl snapshot save snapshot-NOSPACE >/dev/null
stop
start CORRUPT
etcdctl put key value >/dev/null
# the request by which a member raises the alarm, through etcd's gateway
id=$(curl --silent --max-time 5 http://127.0.0.1:2379/v3/maintenance/status -d '{}' | grep -o '"member_id":"[0-9]*' | cut -d'"' -f4)
curl --silent --max-time 5 http://127.0.0.1:2379/v3/maintenance/alarm -d "{\"action\": \"ACTIVATE\", \"memberID\": \"$id\", \"alarm\": \"CORRUPT\"}" >/dev/null
etcdctl snapshot save snapshot-CORRUPT >/dev/null
stop
seen=$(for each in NOSPACE CORRUPT; do echo "$each: $(restored "$each")"; done)
echo "$seen"
line="alarms: 1, of a present member: 0; health 0, get 0, put 1; defrag, put 1; disarm, put 0"
[[ $seen == "NOSPACE: $line
CORRUPT: $line" ]] || { echo "CHANGED: the restored clusters' alarms"; exit 1; }
echo "SEEN: a restored cluster keeps the lost one's alarms and refuses writes"
