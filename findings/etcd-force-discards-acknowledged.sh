#!/usr/bin/env bash
# etcd --force-new-cluster throws away an acknowledged write that stands, synced, in the member's own WAL
#
# Version:   etcd 3.4.23 (Debian etcd-server 3.4.23-4+b4), default settings, three members on loopback.
# Expected:  recovery loses what only the dead members had, never what the survivor itself has written to disk and acknowledged.
# Behaviour: etcd syncs an entry to the WAL before it acknowledges it, but notes that the entry is committed only later and unsynced.
#            `--force-new-cluster` discards every entry behind that note. So after kill -9 (or a power cut) within about 100 ms of the
#            answer, the write is gone from the forced cluster; a usual start of the same three data folders has it.
# Meets:     every recovery of a lone survivor by this flag. `forced` is a copy, so both ways start from the same bytes.
# Seen:      kill 1: acknowledged by m3: write-1; in m3's WAL: yes; after force: 0 of 1; after a usual start of all three: 1 of 1
set -euo pipefail
work=$(mktemp -d)
running=()
finish() {
  for pid in "${running[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
timeout 120 apt-get -q -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4 >/dev/null
dpkg-deb -x etcd-server_*.deb .
usr/bin/etcd --version | sed -n 1p

mapfile -t port < <(python3 -c 'import socket
ports = [socket.socket() for _ in range(8)]
for each in ports: each.bind(("127.0.0.1", 0)); print(each.getsockname()[1])')
cluster=m1=http://127.0.0.1:${port[1]},m2=http://127.0.0.1:${port[3]},m3=http://127.0.0.1:${port[5]}

# start FOLDER NAME CLIENT_PORT PEER_PORT [FLAG...]: starts etcd; its process id is the last of `running`.
start() {
  local client=http://127.0.0.1:$3 peer=http://127.0.0.1:$4
  usr/bin/etcd --data-dir="$1" --name="$2" --listen-client-urls="$client" --advertise-client-urls="$client" \
    --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" --initial-cluster="$cluster" "${@:5}" >>"$1.log" 2>&1 &
  running+=($!)
}
start_all() { for i in 1 2 3; do start "m$i" "m$i" "${port[2 * i - 2]}" "${port[2 * i - 1]}"; done; }
stop_all() {
  kill -KILL "${running[@]}"
  wait "${running[@]}" 2>/dev/null || true
  running=()
}
post() { curl --silent --fail --max-time 5 "http://127.0.0.1:$1/v3/kv/$2" --data "$3"; }
key=$(printf write-1 | base64)
# count PORT: waits until a linearizable read is answered and prints how many such keys there are.
count() {
  local answer
  for _ in {1..150}; do
    if answer=$(post "$1" range "{\"key\":\"$key\"}"); then
      grep -c '"kvs"' <<<"$answer" || true
      return
    fi
    sleep 0.2
  done
  echo "etcd at port $1 doesn't serve" >&2
  return 1
}

for kill in {1..10}; do
  rm -rf m1 m2 m3 forced
  start_all
  count "${port[4]}" >before
  post "${port[4]}" put "{\"key\":\"$key\",\"value\":\"$key\"}" >answer
  stop_all
  wal=no
  ! grep -qa write-1 m3/member/wal/*.wal || wal=yes
  cp -r m3 forced
  start forced m3 "${port[6]}" "${port[7]}" --force-new-cluster
  forced=$(count "${port[6]}")
  stop_all
  start_all
  usual=$(count "${port[4]}")
  stop_all
  echo "kill $kill: acknowledged by m3: write-1; in m3's WAL: $wal; after force: $forced of 1;" \
    "after a usual start of all three: $usual of 1"
  [[ $usual == 1 && $wal == yes ]] || { echo "CHANGED: a usual start has lost it"; exit 1; }
  [[ $forced == 1 ]] || break
done
[[ $forced == 0 ]] || { echo "CHANGED: 10 kills, and force kept the write each time"; exit 1; }
echo "SEEN: force discards an acknowledged write that stands in the member's own WAL"
