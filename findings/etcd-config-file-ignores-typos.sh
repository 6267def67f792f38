#!/usr/bin/env bash
# etcd with --config-file takes no notice of a key that it doesn't know, nor of any flag or variable beside the file
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 does the same.
# Expected:  a misspelled key is refused, as a misspelled flag is; and a flag that is typed in a hurry wins over the file.
# Behaviour: the file is read without a check of its keys: `force_new_cluster: true` and `quota-backend-byte:` start etcd with the defaults and no
#            word in its log. With a file, flags and variables are dropped (a line at level info says so): --force-new-cluster beside
#            --config-file starts a usual member.
# Meets:     a lone survivor whose unit has --config-file: the flag that is to make it a cluster of one does nothing, and etcd waits for a quorum as
#            before, which looks like a recovery that failed.
# Seen:      flag beside the file: 2 members, accepts a write: no
#            key with underscores: 2 members, accepts a write: no
#            key as documented:    1 members, accepts a write: yes
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
cat >m1.yml <<'YAML'
name: m1
data-dir: m1
initial-cluster: m1=http://127.0.0.1:2380
initial-advertise-peer-urls: http://127.0.0.1:2380
listen-peer-urls: http://127.0.0.1:2380
advertise-client-urls: http://127.0.0.1:2379
listen-client-urls: http://127.0.0.1:2379
YAML
# until_true COMMAND...: waits for it, 20 s at most.
until_true() {
  for _ in {1..100}; do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  echo "never true: $*" >&2
  return 1
}
# started [LINE [FLAG...]]: starts etcd with the file and this line more; its process id is in `etcd`.
started() {
  { cat m1.yml; printf '%s\n' "${1:-}"; } >this.yml
  usr/bin/etcd --config-file=this.yml "${@:2}" >this.log 2>&1 &
  etcd=$!
}
members() { curl --silent --max-time 2 http://127.0.0.1:2380/members | grep -o '"id":' | wc -l; }
some() { (($(members) > 0)); }
# tried [LINE [FLAG...]]: prints how many members that etcd has, and whether it is a cluster that accepts a write.
tried() {
  local alone=no
  started "$@"
  until_true some
  ! usr/bin/etcdctl --command-timeout=4s put key value >/dev/null 2>&1 || alone=yes
  echo "$(members) members, accepts a write: $alone"
  kill -KILL "$etcd"
  wait "$etcd" 2>/dev/null || true
}
started
until_true usr/bin/etcdctl --command-timeout=2s put key value
# a second voter that never comes: no quorum any more
usr/bin/etcdctl --command-timeout=4s member add m2 --peer-urls=http://127.0.0.2:2380 >/dev/null
kill -KILL "$etcd"
wait "$etcd" 2>/dev/null || true
flag=$(tried "" --force-new-cluster)
typo=$(tried "force_new_cluster: true")
key=$(tried "force-new-cluster: true")
echo "flag beside the file: $flag"
echo "key with underscores: $typo"
echo "key as documented:    $key"
[[ $flag == "2 members, accepts a write: no" ]] || { echo "CHANGED: the flag"; exit 1; }
[[ $typo == "2 members, accepts a write: no" ]] || { echo "CHANGED: the unknown key"; exit 1; }
[[ $key == "1 members, accepts a write: yes" ]] || { echo "CHANGED: the known key"; exit 1; }
echo "SEEN: etcd drops flags beside --config-file, and keys that it doesn't know"
