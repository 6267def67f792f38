#!/usr/bin/env bash
# `snapshot status` prints a HASH and doesn't check any: a snapshot whose own SHA-256 doesn't fit passes
#
# Version:   etcd and etcdctl 3.4.23 (Debian etcd-server and etcd-client 3.4.23-4+b4); etcdutl 3.6.16 and 3.7.3 do the same.
# Expected:  a snapshot ends with the SHA-256 of all before it, and the command that prints a HASH says so if it doesn't fit.
# Behaviour: `snapshot status` computes HASH (a CRC-32C of keys and values, another thing) and compares nothing. With one letter of a value
#            changed it prints another HASH and ends with 0; with the SHA-256 cut off it prints the same line. Only `snapshot restore` compares.
# Meets:     every backup script that calls a snapshot good because `snapshot status` ended with 0: it learns of the damage at the restore.
# Seen:      whole:   e3d4a9ef, 11, 14, 20 kB   status 0
#            changed: ca615044, 11, 14, 20 kB   status 0      (restore: expected sha256 […], got […])
#            shorter: e3d4a9ef, 11, 14, 20 kB   status 0
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
usr/bin/etcd --data-dir=data >etcd.log 2>&1 &
etcdctl() { usr/bin/etcdctl --command-timeout=5s "$@"; }
for _ in {1..100}; do
  ! etcdctl endpoint health >/dev/null 2>&1 || break
  sleep 0.1
done
for i in {1..10}; do etcdctl put key "value-$i" >/dev/null; done
etcdctl snapshot save whole >/dev/null 2>&1

# status FILE: prints what `snapshot status` says of it, and how it ended.
status() {
  local line result=0
  line=$(etcdctl snapshot status "$1" 2>&1) || result=$?
  printf '%-8s %s   status %s\n' "$1:" "$line" "$result"
}
cp whole changed
at=$(grep -abo value-10 whole | head -n 1 | cut -d: -f1)
printf V | dd of=changed bs=1 seek="$at" conv=notrunc 2>/dev/null
head -c -32 whole >shorter
seen=$(status whole; status changed; status shorter)
restored=$(etcdctl snapshot restore changed --data-dir=restored 2>&1) && restored="restored"
echo "$seen"
echo "restore of changed: $(tail -n 1 <<<"$restored" | cut -c1-80)"
[[ $(grep -c 'status 0$' <<<"$seen") == 3 ]] || { echo "CHANGED: status refuses one"; exit 1; }
[[ $(sed -n 's/^shorter: *//p' <<<"$seen") == "$(sed -n 's/^whole: *//p' <<<"$seen")" ]] || { echo "CHANGED: status misses the SHA-256"; exit 1; }
[[ $restored == *"expected sha256"* ]] || { echo "CHANGED: restore doesn't compare"; exit 1; }
echo "SEEN: snapshot status ends with 0 for a snapshot whose own hash doesn't fit"
