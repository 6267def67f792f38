# needs: resident/snapshots/lines
# take: takes one scheduled snapshot from the first voter that can give one, checks it, keeps it, and deletes old ones.
# It lies on the deploy host in /etc/rke-dr/snapshots, beside voter.sh and config, and needs bash, ssh and coreutils. To run it by hand:
#   bash /etc/rke-dr/snapshots/take.sh
# A snapshot is two files, NAME.db and NAME.json; NAME.json is written last, and without it the snapshot counts as unfinished. The file
# status says how the last run ended.
# shellcheck shell=bash
set -Eeuo pipefail
umask 077
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${RKE_DR_STATE:-/var/lib/rke-dr} kept=${RKE_DR_STATE:-/var/lib/rke-dr}/snapshots
ssh=${RKE_DR_SSH:-/etc/rke-dr/ssh}
part=$kept/incoming.part
count="" days="" cluster="" voters=() lines=()

config() {
  local key value
  while IFS='=' read -r key value || [[ -n $key ]]; do
    case $key in
      count) count=$value ;;
      days) days=$value ;;
      cluster) cluster=$value ;;
      voter) voters+=("$value") ;;
      # USER=COMMAND: the beginning of the command line of a bash on a host of that user
      line) lines+=("$value") ;;
    esac
  done <"$here/config"
}
now_ms() { date +%s%3N; }
say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }
json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[$'\001'-$'\037']/ }"
}
# tell JSON: writes the file status. It overwrites it in place, at the length that the step snapshot-schedule gave it, so that it works on a full
# disk, too.
tell() {
  printf '%-2000s\n' "$1" 1<>"$kept/status"
}
failed() {
  say "failed: $*"
  tell "{\"at\":$(now_ms),\"ok\":false,\"reason\":$(json "$(cut -c1-1500 <<<"$*")")}"
  exit 1
}

# receive: reads the voter's header line, then the snapshot's bytes, and writes both to the disk.
receive() {
  IFS= read -r header || return 1
  printf '%s\n' "$header" >"$kept/incoming.header"
  dd of="$part" bs=1M conv=fsync iflag=fullblock 2>"$kept/incoming.error"
}

word() { [[ $header =~ (^|\ )$1=([0-9A-Za-z.+-]+)($|\ ) ]] && printf '%s' "${BASH_REMATCH[2]}"; }

# own_hash FILE: true if the snapshot's hash fits. etcdctl ends a snapshot with the SHA-256 of all before it (etcd, clientv3/snapshot); boltdb's pages come in multiples of 512.
own_hash() {
  local size
  size=$(stat -c %s "$1")
  ((size % 512 == 32)) || return 1
  [[ $(head -c $((size - 32)) "$1" | sha256sum | cut -d' ' -f1) == $(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n') ]]
}

# from HOST USER@ADDRESS:PORT: fetches a snapshot from this voter, checks and keeps it, and sets $newest to its name. On failure it returns 1 and
# sets $why.
from() {
  local host=$1 target=${2%:*} port=${2##*:} line header="" name started bytes sha256 status=0
  rm -f "$part" "$kept"/incoming.*
  started=$(now_ms)
  line=$(line_for "${target%%@*}")
  if [[ -z $line ]]; then
    why="$here/config has no command line for ${target%%@*}"
    return 1
  fi
  # ssh doesn't get the lock: if it outlives a killed run, it must not block the next one
  timeout -k 10 3600 ssh -i "$ssh/id_ed25519" -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 \
    -o UserKnownHostsFile="$ssh/known_hosts" -o StrictHostKeyChecking=yes -p "$port" "$target" \
    "$line '$cluster' '$epoch'" <"$here/voter.sh" 2>"$kept/incoming.why" 8>&- | receive 8>&- || status=$?
  header=$(cat "$kept/incoming.header" 2>/dev/null || true)
  if ((status != 0)); then
    why=$(grep '^dd:' "$kept/incoming.error" 2>/dev/null || tail -n 1 "$kept/incoming.why" 2>/dev/null || true)
    why=$(cut -c1-300 <<<"${why:-the connection ended early}")
    return 1
  fi
  bytes=$(stat -c %s "$part")
  sha256=$(sha256sum "$part" | cut -d' ' -f1)
  if [[ $header != "rke-dr-snapshot "* || $(word bytes) != "$bytes" || $(word sha256) != "$sha256" ]]; then
    why="what arrived ($bytes bytes, SHA-256 ${sha256:0:12}) is not what it sent: ${header:0:200}"
    return 1
  fi
  if ! own_hash "$part"; then
    why="the snapshot's own hash doesn't fit it"
    return 1
  fi
  name=etcd-$host-$(date -u -d "@$((started / 1000))" +%Y%m%dT%H%M%SZ)
  # `set -e` is off inside a function that is called from `if`: each write is checked by hand
  if ! mv "$part" "$kept/$name.db" || ! describe | dd of="$kept/incoming.json" conv=fsync 2>/dev/null ||
    ! mv "$kept/incoming.json" "$kept/$name.json"; then
    why="$kept can't be written"
    rm -f "$kept/$name.db"
    return 1
  fi
  newest=$name
}

describe() {
  printf '{"takenAt":%s,"host":%s,"cluster":%s,"revision":%s,"bytes":%s,"hash":%s,"sha256":"%s","etcdVersion":%s,"clusterId":"%s","keys":%s,"epoch":%s,"milliseconds":%s}\n' \
    "$started" "$(json "$host")" "$(json "$cluster")" "$(word revision)" "$bytes" "$(word hash)" "$sha256" "$(json "$(word etcdVersion)")" \
    "$(word clusterId)" "$(word keys)" "$epoch" "$(($(now_ms) - started))"
}

# names: prints the names of the finished snapshots, newest first.
names() { find "$kept" -maxdepth 1 -name 'etcd-*.json' -printf '%f\n' | sed 's/\.json$//' | sed -E 's/(.*)-([0-9TZ]+)$/\2 \1-\2/' | sort -r | cut -d' ' -f2; }
field() { [[ $(cat "$kept/$2.json" 2>/dev/null) =~ \"$1\":\"?([0-9A-Za-z]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }

# read_again: checks one older snapshot, because disks lose bits unnoticed. It is the one that was checked longest ago: the time of a .db file is
# when it was last checked.
read_again() {
  local name
  name=$(names | while IFS= read -r name; do stat -c '%Y %n' "$kept/$name.db" 2>/dev/null || printf '0 %s\n' "$kept/$name.db"; done |
    sed "\\#/$newest\.db\$#d" | sort -n | sed -n 1p)
  name=${name##*/} name=${name%.db}
  [[ -n $name ]] || return 0
  if [[ $(sha256sum "$kept/$name.db" 2>/dev/null | cut -d' ' -f1) == "$(field sha256 "$name")" ]]; then
    touch "$kept/$name.db"
  else
    mv "$kept/$name.json" "$kept/$name.damaged"
    say "$name.db is damaged: its SHA-256 isn't what it was; it doesn't count any more"
  fi
}

# let_go: deletes old snapshots. It keeps the newest $count, and the last one of each of the last $days days.
let_go() {
  local name n=0 day last_day="" oldest
  oldest=$(date -u -d "-$days days" +%Y%m%dT%H%M%SZ)
  while IFS= read -r name; do
    n=$((n + 1))
    day=${name##*-}
    if ((n > count)) && { [[ ${day%%T*} == "$last_day" ]] || [[ $day < $oldest ]]; }; then
      # NAME.json goes first: without it the snapshot doesn't count
      rm -f "$kept/$name.json" "$kept/$name.db"
      say "$name let go"
    fi
    last_day=${day%%T*}
  done < <(names)
  find "$kept" -maxdepth 1 -name '*.damaged' -mtime "+$days" | while IFS= read -r name; do
    rm -f "$name" "${name%.damaged}.db"
  done
}

main() {
  local entry size free why="" reasons="" name db
  mkdir -p "$kept"
  exec 8>"$kept/lock"
  flock -n 8 || {
    say "another run is at work"
    exit 3
  }
  trap 'rm -f "$kept"/incoming.*' EXIT
  trap 'failed "\`$BASH_COMMAND\` ended with $?"' ERR
  config
  epoch=$(cat "$state/epoch")
  # deletes unfinished snapshots of killed runs
  for db in "$kept"/etcd-*.db; do
    name=${db%.db}
    [[ ! -e $db || -e $name.json || -e $name.damaged ]] || rm -f "$db"
  done
  name=$(names | sed -n 1p)
  size=$([[ -z $name ]] || stat -c %s "$kept/$name.db" 2>/dev/null || true)
  free=$(df -B1 --output=avail "$kept" | tail -n 1 | tr -d ' ')
  ((free >= 2 * ${size:-0} + 256 * 1024 * 1024)) ||
    failed "disk: $free bytes are free below $kept, $((2 * ${size:-0} + 256 * 1024 * 1024)) are needed"
  for entry in "${voters[@]}"; do
    if from "${entry%%=*}" "${entry#*=}"; then
      read_again
      let_go
      say "$newest: revision $(field revision "$newest"), $(field bytes "$newest") bytes, $(field milliseconds "$newest") ms${reasons:+; not from $reasons}"
      tell "{\"at\":$(now_ms),\"ok\":true,\"name\":$(json "$newest")}"
      return
    fi
    reasons+="${reasons:+; }${entry%%=*}: $why"
  done
  failed "no voter gave a snapshot: $reasons"
}

epoch="" newest=""
main "$@"
exit
