#!/usr/bin/env bash
# `member promote` makes a voter of a learner that is dead and lacks acknowledged writes, and the cluster stops at that moment
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 and 3.7.3 do the same.
# Expected:  a learner is promoted only when it is in sync with the leader ("can only promote a learner member which is in sync with leader").
# Behaviour: the leader compares log indices only: the learner's last acknowledged one must be 90 % of its own. Neither a connection nor a
#            sign of life is asked for. A learner that was killed some writes ago is promoted, exit code 0; the next write finds no quorum,
#            and `member remove`, which would undo it, needs that quorum, too. The older the cluster, the more may be missing: of a log of a million
#            entries a hundred thousand.
# Meets:     a script that adds a learner, waits until it has started, and promotes it; the new host dies or freezes in between.
# Seen:      acknowledged while the learner was dead: 5; promote: 0; voters: 2; put: 1; member remove: 1
#            the learner's own data has 0 of these 5
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

etcdctl() { usr/bin/etcdctl --endpoints=http://127.0.0.1:2379 --command-timeout=5s "$@"; }
# run NAME ADDRESS FLAG...: replaces itself by an etcd at this address.
run() {
  exec usr/bin/etcd --data-dir="$1" --name="$1" --listen-client-urls="http://$2:2379" --advertise-client-urls="http://$2:2379" \
    --listen-peer-urls="http://$2:2380" --initial-advertise-peer-urls="http://$2:2380" "${@:3}"
}
# index ADDRESS: prints how many entries of the log the etcd there has.
index() { usr/bin/etcdctl --endpoints="http://$1:2379" endpoint status --write-out=json 2>/dev/null | grep -o '"raftIndex":[0-9]*' | cut -d: -f2; }
# writes PREFIX COUNT: writes that many keys and prints how many etcd acknowledged.
writes() {
  local done=0 number
  for ((number = 1; number <= $2; number++)); do ! etcdctl put "$1$number" value >/dev/null || ((done += 1)); done
  echo "$done"
}

(run voter 127.0.0.1 --initial-cluster=voter=http://127.0.0.1:2380) >voter.log 2>&1 &
for _ in {1..100}; do
  ! etcdctl endpoint health >/dev/null 2>&1 || break
  sleep 0.1
done
writes early 100 >/dev/null
added=$(etcdctl member add learner --learner --peer-urls=http://127.0.0.2:2380 | sed -n 's/^Member *\([0-9a-f]*\) added.*/\1/p')
(run learner 127.0.0.2 --initial-cluster=voter=http://127.0.0.1:2380,learner=http://127.0.0.2:2380 --initial-cluster-state=existing) >learner.log 2>&1 &
learner=$!
for _ in {1..150}; do
  [[ -z $(index 127.0.0.2) || $(index 127.0.0.2) -lt $(index 127.0.0.1) ]] || break
  sleep 0.2
done
kill -KILL "$learner"
wait "$learner" 2>/dev/null || true
missed=$(writes late 5)
sleep 10 # the leader has long noticed that the learner is gone
set +e
etcdctl member promote "$added" >/dev/null 2>&1
promoted=$?
voters=$(etcdctl member list | grep -c ', false$')
etcdctl put after value >/dev/null 2>&1
put=$?
etcdctl member remove "$added" >/dev/null 2>&1
removed=$?
set -e
seen="acknowledged while the learner was dead: $missed; promote: $promoted; voters: $voters; put: $put; member remove: $removed"
echo "$seen"
has=$(cat learner/member/wal/*.wal learner/member/snap/db | { grep --text --only-matching 'late[0-9]' || true; } | sort --unique | wc -l)
echo "the learner's own data has $has of these $missed"
[[ $seen == "acknowledged while the learner was dead: 5; promote: 0; voters: 2; put: 1; member remove: 1" && $has == 0 ]] ||
  { echo "CHANGED: a dead learner isn't promoted, or the cluster goes on"; exit 1; }
echo "SEEN: a dead learner was made a voter, and the cluster has no quorum"
