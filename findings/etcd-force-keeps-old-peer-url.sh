#!/usr/bin/env bash
# --force-new-cluster on another host keeps the dead host's peer URL, whatever --initial-advertise-peer-urls says
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 and 3.7.3 do the same. Here 127.0.0.1 is the old host,
#            127.0.0.2 the new one and 127.0.0.3 a member that joins.
# Expected:  the flag makes a new cluster of this member alone, so the member has the peer URL that it is started with.
# Behaviour: the flag drops the other members and leaves its own entry alone. The client URL is published anew at each start, the peer URL
#            never: `member list` goes on naming the old host, also after later starts, and etcd is healthy meanwhile. Whoever joins with the
#            true URL in --initial-cluster is refused; `member update` mends it.
# Meets:     a survivor's data folder that is moved to a spare host, or a survivor that got another address, and is forced there.
# Seen:      after force:  peer http://127.0.0.1:2380  client http://127.0.0.2:2379
#            a learner:    PeerURLs: no match found for existing member
#            after update: peer http://127.0.0.2:2380  client http://127.0.0.2:2379; a learner runs
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

# run FOLDER ADDRESS NAME [FLAG...]: replaces itself by an etcd at this address.
run() {
  exec usr/bin/etcd --data-dir="$1" --name="$3" --listen-client-urls="http://$2:2379" --advertise-client-urls="http://$2:2379" \
    --listen-peer-urls="http://$2:2380" --initial-advertise-peer-urls="http://$2:2380" "${@:4}"
}
etcdctl() { usr/bin/etcdctl --endpoints="http://$at:2379" --command-timeout=5s "$@"; }
wait_for() {
  for _ in {1..100}; do
    ! etcdctl endpoint health >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  echo "etcd at $at isn't healthy" >&2
  return 1
}
# urls: prints the URLs of the member m1.
urls() { etcdctl member list | awk -F', ' '$3 == "m1" { print "peer " $4 "  client " $5 }'; }
# joined: starts a learner with the true URLs. Prints why it ended, or "runs" once it answers.
joined() {
  (run learner 127.0.0.3 m2 --initial-cluster=m1=http://127.0.0.2:2380,m2=http://127.0.0.3:2380 --initial-cluster-state=existing) >learner.log 2>&1 &
  for _ in {1..100}; do
    if ! kill -0 $! 2>/dev/null; then
      grep -o 'PeerURLs: no match found for existing member' learner.log
      return
    fi
    ! curl --silent --fail --max-time 2 http://127.0.0.3:2379/version >/dev/null || { echo runs; return; }
    sleep 0.1
  done
  echo "neither runs nor ends"
}

at=127.0.0.1
(run old 127.0.0.1 m1 --initial-cluster=m1=http://127.0.0.1:2380) >old.log 2>&1 &
old=$!
wait_for
kill "$old"
wait "$old" || true

at=127.0.0.2
cp -r old new
(run new 127.0.0.2 m1 --initial-cluster=m1=http://127.0.0.2:2380 --force-new-cluster) >forced.log 2>&1 &
forced=$!
wait_for
kill "$forced"
wait "$forced" || true
(run new 127.0.0.2 m1 --initial-cluster=m1=http://127.0.0.2:2380) >new.log 2>&1 &
wait_for
seen="after force:  $(urls)"
etcdctl member add m2 --learner --peer-urls=http://127.0.0.3:2380 >/dev/null
seen+=$'\n'"a learner:    $(joined)"
rm -rf learner
etcdctl member update "$(etcdctl member list | awk -F', ' '$3 == "m1" { print $1 }')" --peer-urls=http://127.0.0.2:2380 >/dev/null
seen+=$'\n'"after update: $(urls); a learner $(joined)"
echo "$seen"
[[ $seen == *"after force:  peer http://127.0.0.1:2380  client http://127.0.0.2:2379"* ]] || { echo "CHANGED: force sets the peer URL"; exit 1; }
[[ $seen == *"a learner:    PeerURLs: no match found for existing member"* ]] || { echo "CHANGED: the learner isn't refused"; exit 1; }
[[ $seen == *"after update: peer http://127.0.0.2:2380  client http://127.0.0.2:2379; a learner runs" ]] || { echo "CHANGED: member update doesn't mend it"; exit 1; }
echo "SEEN: after --force-new-cluster at another address the member still has its old peer URL"
