#!/usr/bin/env bash
# etcd 3.7 refuses a flag that it no longer has, and drops the same setting without an error where it is a variable or a configuration file's key
#
# Version:   etcd 3.6.16 and 3.7.3 (Go modules go.etcd.io/etcd/server/v3).
# Expected:  ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK=true, --experimental-initial-corrupt-check=true and that key in --config-file are one setting:
#            what stops etcd in one form stops it in the others.
# Behaviour: 3.6 takes all three. 3.7 has renamed the experimental settings: the flag ends etcd with exit code 2; the variable is a warning
#            among the first lines of the log ("unrecognized environment variable"), the key isn't mentioned at all, and etcd serves with the
#            check switched off.
# Meets:     clusters whose etcd is a systemd unit with an env file (kubespray writes this very variable): after the upgrade to 3.7 no
#            member is compared with the others any more, and nothing fails.
# Seen:      3.6.16: variable: InitialCorruptCheck 1, periodic check on; key: InitialCorruptCheck 1; flag: serves
#            3.7.3: variable: InitialCorruptCheck 0, periodic check off; key: InitialCorruptCheck 0; flag: exit code 2
set -euo pipefail
if [[ $# == 0 ]]; then
  script=$(realpath "$0")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
  mkdir "$work/bin"
  for version in 3.6.16 3.7.3; do
    mkdir "$work/build-$version"
    cd "$work/build-$version"
    go mod init finding 2>/dev/null
    timeout 300 go get "go.etcd.io/etcd/server/v3@v$version" 2>log || { cat log; exit 1; }
    timeout 900 go build -ldflags="-s -w" -o "../bin/etcd-$version" go.etcd.io/etcd/server/v3 2>log || { cat log; exit 1; }
  done
  # a network of its own that has only a loopback, and everything in it ends with it
  timeout 120 unshare --net --pid --fork --kill-child bash "$script" "$work"
  exit
fi
cd "$1"
ip link set lo up

# check: waits until etcd serves, and prints whether the check at its start is switched on.
check() {
  for _ in {1..100}; do
    if metrics=$(curl --silent --fail --max-time 2 http://127.0.0.1:2379/metrics); then
      sed -n 's/^etcd_server_feature_enabled{name="\(InitialCorruptCheck\)".*} \([01]\)$/\1 \2/p' <<<"$metrics"
      return
    fi
    sleep 0.2
  done
  echo "doesn't serve"
}
# ended PID: ends it and waits.
ended() {
  kill "$1"
  wait "$1" || true
}
try() {
  local version=$1 seen pid
  ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK=true ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME=1h "bin/etcd-$version" --data-dir="variable-$version" >"variable-$version.log" 2>&1 &
  pid=$!
  seen="$version: variable: $(check)"
  sleep 1
  if grep -q '"enabled corruption checking"' "variable-$version.log"; then seen+=", periodic check on"; else seen+=", periodic check off"; fi
  ended "$pid"
  printf 'data-dir: key-%s\nexperimental-initial-corrupt-check: true\n' "$version" >"key-$version.yaml"
  "bin/etcd-$version" --config-file="key-$version.yaml" >"key-$version.log" 2>&1 &
  pid=$!
  seen+="; key: $(check)"
  ended "$pid"
  "bin/etcd-$version" --data-dir="flag-$version" --experimental-initial-corrupt-check=true >"flag-$version.log" 2>&1 &
  pid=$!
  sleep 3
  if kill -0 "$pid" 2>/dev/null; then
    ended "$pid"
    seen+="; flag: serves"
  else
    local code=0
    wait "$pid" || code=$?
    seen+="; flag: exit code $code"
  fi
  echo "$seen"
}
seen=$(try 3.6.16; try 3.7.3)
echo "$seen"
[[ $seen == "3.6.16: variable: InitialCorruptCheck 1, periodic check on; key: InitialCorruptCheck 1; flag: serves
3.7.3: variable: InitialCorruptCheck 0, periodic check off; key: InitialCorruptCheck 0; flag: exit code 2" ]] ||
  { echo "CHANGED: 3.7 takes the old setting, or refuses it in every form"; exit 1; }
echo "SEEN: a setting that ends etcd 3.7.3 as a flag is dropped as a variable and as a key"
