#!/bin/bash
# Imports an archive of images into a fresh containerd root, in namespaces of its own that die with this script.
# Arguments: DATA_ROOT ARCHIVE
set -euo pipefail

root=$1 archive=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /run
ip link set lo up
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/run/config.toml
containerd --config /run/config.toml --root "$root" --state /run/containerd --address /run/containerd.sock >"$root.log" 2>&1 &
daemon=$!
client() { ctr --address /run/containerd.sock --namespace k8s.io "$@"; }
for ((i = 0; ; i++)); do
  client version >/dev/null 2>&1 && break
  if ! kill -0 "$daemon" 2>/dev/null || [ "$i" -gt 300 ]; then
    echo "containerd: did not start, it said:" >&2
    tail -5 "$root.log" >&2
    exit 1
  fi
  sleep 0.1
done
client images import --snapshotter overlayfs "$archive" >/dev/null
client images list -q
kill -TERM "$daemon"
wait "$daemon" || true
rm -f "$root.log"
