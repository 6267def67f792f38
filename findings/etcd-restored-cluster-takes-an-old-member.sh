#!/usr/bin/env bash
# A cluster restored from a snapshot takes back a member of the lost one with its old data: three healthy voters, two histories, no alarm
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4).
# Expected:  a restore makes a new cluster: a member of the lost one that comes back is refused ("cluster ID mismatch"), or gets the new data.
# Behaviour: ids of cluster and members are hashes of the peer URLs and --initial-cluster-token. A restore onto the same hosts under the same token
#            (kubeadm and many guides never set one) makes the very same ids, and its log begins again at index 1 in a low term. The old
#            member's log has other entries with the same index and term, so raft takes them for equal: it stays in the lost past, skips the
#            restored cluster's first writes, applies the later ones, and serves linearizable reads from that mixture. Which one a client meets
#            depends on the endpoint. Nothing compares the data unless a corruption check was switched on.
# Meets:     two of three hosts are restored, the third one's power comes back before its data was removed. Where the lost cluster had had
#            elections since (a higher term), the three of them end or hang; this script has none.
# Seen:      ids of cluster and members: the same
#            health: 3 of 3; alarms: 0; linearizable read of one key: restored restored old
#            keys written since the restore: 105 105 62, each the rest of it lost
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  timeout 120 apt-get -q -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >/dev/null
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 180 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up
export ETCDCTL_API=3
usr/bin/etcd --version | sed -n 1p

cluster=m1=http://127.0.0.1:2380,m2=http://127.0.0.2:2380,m3=http://127.0.0.3:2380
# at NUMBER ARG...: etcdctl with this member.
at() { usr/bin/etcdctl --endpoints="http://127.0.0.$1:2379" --command-timeout=5s "${@:2}" 2>/dev/null; }
# run NUMBER FOLDER: replaces itself by the etcd of this member.
run() {
  exec usr/bin/etcd --name="m$1" --data-dir="$2" --listen-client-urls="http://127.0.0.$1:2379" --advertise-client-urls="http://127.0.0.$1:2379" \
    --listen-peer-urls="http://127.0.0.$1:2380" --initial-advertise-peer-urls="http://127.0.0.$1:2380" --initial-cluster="$cluster"
}
# start NUMBER FOLDER: starts it beside; its process id is in etcd[NUMBER].
start() {
  (run "$1" "$2") >"$2.log" 2>&1 &
  etcd[$1]=$!
}
healthy() {
  for _ in {1..150}; do
    ! at "$1" endpoint health >/dev/null || return 0
    sleep 0.2
  done
  echo "member m$1 isn't healthy" >&2
  return 1
}
ids() { at 1 member list | cut -d, -f1 | sort | xargs; at 1 endpoint status --write-out=json | grep -o '"cluster_id":[0-9]*'; }
term() { at 1 endpoint status --write-out=json | grep -o '"raftTerm":[0-9]*'; }
writes() { for ((n = 1; n <= $2; n++)); do at 1 put "$1$n" value >/dev/null; done; }

for n in 1 2 3; do start "$n" "old$n"; done
healthy 1
at 1 put key restored >/dev/null
at 1 snapshot save snapshot >/dev/null
for n in {1..50}; do at 1 put key old >/dev/null; done
before=$(ids)
old_term=$(term)
kill -KILL "${etcd[@]}"
wait 2>/dev/null || true
# restored anew until one election was enough for both clusters, as it nearly always is
for _ in {1..5}; do
  for n in 1 2; do
    usr/bin/etcdctl snapshot restore snapshot --name="m$n" --data-dir="new$n" --initial-cluster="$cluster" \
      --initial-advertise-peer-urls="http://127.0.0.$n:2380" >/dev/null 2>&1
    start "$n" "new$n"
  done
  healthy 1
  [[ $(term) != "$old_term" ]] || break
  kill -KILL "${etcd[1]}" "${etcd[2]}"
  wait 2>/dev/null || true
  rm -rf new1 new2
done
after=$(ids)
writes since 5
start 3 old3
writes later 100
healthy 3
sleep 2

seen="ids of cluster and members: $([[ $before == "$after" ]] && echo "the same" || echo "others")"
health=0 values='' counts=''
for n in 1 2 3; do
  ! at "$n" endpoint health >/dev/null || ((health += 1))
  values+=" $(at "$n" get key --print-value-only)"
  counts+=" $({ at "$n" get since --prefix --keys-only; at "$n" get later --prefix --keys-only; } | grep -c .)"
done
seen+=$'\n'"health: $health of 3; alarms: $(at 1 alarm list | grep -c . || true); linearizable read of one key:$values"
echo "$seen"
echo "keys written since the restore:$counts, each the rest of it lost"
read -r one two three <<<"$counts"
[[ $seen == "ids of cluster and members: the same
health: 3 of 3; alarms: 0; linearizable read of one key: restored restored old" && $one == 105 && $two == 105 && $three -lt 105 ]] ||
  { echo "CHANGED: the old member is refused, or has the restored data"; exit 1; }
echo "SEEN: the restored cluster has a voter with the lost cluster's data"
