#!/usr/bin/env bash
# `etcdctl make-mirror`, started again, leaves at the destination whatever was deleted meanwhile, and a mirrored key has lost its lease
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); 3.6.16 does the same.
# Expected:  at its start make-mirror brings the destination to the source's state, and then follows: after a restart both are equal.
# Behaviour: at its start it puts the source's keys and deletes none. What was deleted while it didn't run stays at the destination for ever, with no
#            word about it. And it puts every key without a lease: what expires at the source while no mirror runs is permanent there.
# Meets:     a standby etcd in the other datacenter, mirrored over a line that fails now and then (which ends make-mirror): at the failover deleted
#            role bindings, Secrets and Pods are back, and Kubernetes' events, which live by leases, are never deleted again.
# Seen:      while it runs:     source=binding,event,pod mirror=binding,event,pod leases at the mirror: 0
#            after its restart: source=pod,secret mirror=binding,event,pod,secret
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
# source and mirror are two clusters of one member
source=http://127.0.0.1 mirror=http://127.0.0.2

# ask URL ARGUMENT...: etcdctl at that cluster.
ask() { usr/bin/etcdctl --endpoints="$1:2379" --command-timeout=5s "${@:2}" 2>/dev/null; }
keys() { ask "$1" get "" --prefix --keys-only | grep . | paste -sd,; }
# until_true COMMAND...: waits for it, 30 s at most.
until_true() {
  for _ in {1..150}; do
    ! "$@" >/dev/null || return 0
    sleep 0.2
  done
  echo "never true: $*" >&2
  return 1
}
# has URL KEY: whether that cluster has the key.
has() { [[ -n $(ask "$1" get "$2" --keys-only) ]]; }
has_not() { ! has "$@"; }
# begin: starts make-mirror; its process id is in `mirrors`.
begin() {
  usr/bin/etcdctl --endpoints="$source:2379" make-mirror "${mirror#http://}:2379" >/dev/null 2>&1 &
  mirrors=$!
}
for each in "$source" "$mirror"; do
  usr/bin/etcd --data-dir="${each#http://}" --listen-client-urls="$each:2379" --advertise-client-urls="$each:2379" --listen-peer-urls="$each:2380" \
    --initial-advertise-peer-urls="$each:2380" --initial-cluster="default=$each:2380" >/dev/null 2>&1 &
  until_true ask "$each" endpoint health
done
begin
for key in binding pod; do ask "$source" put "$key" value >/dev/null; done
lease=$(ask "$source" lease grant 15 | awk '{ print $2 }')
ask "$source" put --lease="$lease" event value >/dev/null
until_true has "$mirror" event
running="source=$(keys "$source") mirror=$(keys "$mirror") leases at the mirror: $(ask "$mirror" lease list | sed -n 's/^found \([0-9]*\) leases$/\1/p')"
kill "$mirrors"
wait "$mirrors" || true
ask "$source" del binding >/dev/null
until_true has_not "$source" event
begin
ask "$source" put secret value >/dev/null
until_true has "$mirror" secret
after="source=$(keys "$source") mirror=$(keys "$mirror")"
echo "while it runs:     $running"
echo "after its restart: $after"
[[ $running == "source=binding,event,pod mirror=binding,event,pod leases at the mirror: 0" ]] || { echo "CHANGED: while it runs"; exit 1; }
[[ $after == "source=pod,secret mirror=binding,event,pod,secret" ]] || { echo "CHANGED: after its restart"; exit 1; }
echo "SEEN: make-mirror leaves what was deleted while it didn't run, and what had a lease"
