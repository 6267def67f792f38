#!/bin/bash
# Imports the lab's images into a fresh docker data root, in namespaces of its own that die with this script.
# Arguments: DATA_ROOT, then per image: NAME TAR CHANGES (lines for `docker import --change`).
set -euo pipefail

root=$1
shift
mount --make-rprivate /
mount -t tmpfs tmpfs /run
ip link set lo up
dockerd --data-root "$root" --exec-root /run/docker --pidfile /run/docker.pid -H unix:///run/docker.sock --bridge=none \
  --iptables=false --ip6tables=false --ip-forward=false --storage-driver=overlay2 >"$root.log" 2>&1 &
daemon=$!
for ((i = 0; ; i++)); do
  docker -H unix:///run/docker.sock version >/dev/null 2>&1 && break
  if ! kill -0 "$daemon" 2>/dev/null || [ "$i" -gt 300 ]; then
    echo "dockerd: did not start, it said:" >&2
    tail -5 "$root.log" >&2
    exit 1
  fi
  sleep 0.1
done
while [ $# -gt 0 ]; do
  changes=()
  while IFS= read -r line; do
    [ -z "$line" ] || changes+=(--change "$line")
  done <<<"$3"
  docker -H unix:///run/docker.sock import "${changes[@]}" "$2" "$1" >/dev/null
  echo "imported $1"
  shift 3
done
kill -TERM "$daemon"
wait "$daemon" || true
rm -f "$root.log"
