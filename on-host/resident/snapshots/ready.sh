# needs: resident/snapshots/lines
# ready: says in Prometheus' text format how ready this deploy host's side is for a failover. It asks the cluster's deciding hosts by SSH,
# ready-host.sh on each, and changes nothing on them. It lies beside ready-host.sh and config (loop.sh runs it), or in a folder for a while
# (`npm run ready`).
#   bash ready.sh [FILE]     FILE: replaced in one step when all is known; else standard output
# config has, beside the schedule's own lines: host=NAME=USER@ADDRESS:PORT=SIDE=OTHERS (SIDE: own or other; OTHERS: as ready-host.sh takes them),
# deploy=NAME for the other side's deploy hosts, self=NAME, clusterYml=SHA256 of the cluster.yml that the topology gives, if it can be known.
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${RKE_DR_STATE:-/var/lib/rke-dr} ssh=${RKE_DR_SSH:-/etc/rke-dr/ssh}
kept=$state/snapshots rehearsals=$state/rehearsals
self="" cluster="" every="" cluster_yml="" hosts=() deploys=() lines=()

now_ms() { date +%s%3N; }
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
signed() { if (($1 < 0)); then printf -- '-%s' "$(seconds $((-$1)))"; else seconds "$1"; fi; }
sample() { printf 'rke_dr_%s{host="%s"%s} %s\n' "$1" "$self" "${3:+,$3}" "$2"; }

# The metrics, in the order in which they are printed: NAME HELP.
metrics='ready_timestamp_seconds When this was written.
epoch The epoch of the last act that the host knows.
host_answers 1 if the deploy host reaches the host by SSH.
member_runs 1 if etcd runs on the host and answers.
member_lag_entries Entries of the leader log that this member of etcd has not applied.
member_caught_up_timestamp_seconds Every write that was acknowledged before this time is on this member of etcd.
snapshot_timestamp_seconds When the newest scheduled snapshot was taken.
snapshot_interval_seconds The time between two scheduled snapshots.
snapshot_sound 1 if the newest scheduled snapshot was read whole and has the hash that it was taken with.
snapshot_last_run_ok 1 if the last run of the schedule took a snapshot.
snapshots_damaged Scheduled snapshots that do not count any more, because their hash has changed.
rehearsal_timestamp_seconds When the last rehearsal began.
rehearsal_verified 1 if the last rehearsal found the data and the API as they are in the cluster.
certificate_end_timestamp_seconds When the certificate ends.
disk_free_bytes Free bytes of the file system.
disk_size_bytes Size of the file system.
clock_offset_seconds The clock of the host minus that of the deploy host, with the time of the way.
installer_present 1 if the program with which a failover ends is on the PATH of the deploy host, as for RKE.
deploy_file_same 1 if the file of this deploy host is the same as that of AS: another deploy host, or git.
failover_loses_at_most_seconds Acknowledged writes as old as this may be lost by a failover now.
failover_takes_seconds How long a recovery took in the last rehearsal.'

config() {
  local key value
  while IFS='=' read -r key value || [[ -n $key ]]; do
    case $key in
      self) self=$value ;;
      cluster) cluster=$value ;;
      every) every=$value ;;
      clusterYml) cluster_yml=$value ;;
      host) hosts+=("$value") ;;
      deploy) deploys+=("$value") ;;
      line) lines+=("$value") ;;
    esac
  done <"$here/config"
}

# ask NAME USER@ADDRESS:PORT OTHERS: writes what the host says to $work/NAME, and the time at which it had said it to $work/NAME.at.
ask() {
  local name=$1 target=${2%:*} port=${2##*:} others=$3 line
  if [[ $name == "$self" ]]; then
    timeout -k 5 25 bash -s -- "$name" "$others" <"$here/ready-host.sh" >"$work/$name" 2>/dev/null
  else
    line=$(line_for "${target%%@*}")
    timeout -k 5 25 ssh -i "$ssh/id_ed25519" -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=2 \
      -o UserKnownHostsFile="$ssh/known_hosts" -o StrictHostKeyChecking=yes -p "$port" "$target" \
      "${line:-false} '$name' '$others'" <"$here/ready-host.sh" >"$work/$name" 2>/dev/null
  fi
  now_ms >"$work/$name.at"
}

# about_host NAME: prints the samples of a host that was asked.
about_host() {
  local name=$1 clock at answers=0
  clock=$(sed -n 's/^clock //p' "$work/$name")
  # the clock comes last: without it the answer was cut
  [[ -z $clock ]] || answers=1
  printf 'rke_dr_host_answers{host="%s"} %s\n' "$name" "$answers"
  ((answers)) || return 0
  grep '^rke_dr_' "$work/$name"
  at=$(cat "$work/$name.at")
  printf 'rke_dr_clock_offset_seconds{host="%s"} %s\n' "$name" "$(signed $((clock - at)))"
}

# field KEY FILE: prints a string, a number or a word of a JSON file that has each key once.
field() { sed -n -E "s/.*\"$1\": ?\"?([^\",}]*).*/\1/p" "$2" 2>/dev/null | head -n 1; }

# snapshot_samples: reads the newest snapshot whole once, and remembers beside it what came out for a file of this size, time and inode, sound or not.
snapshot_samples() {
  local name taken mark sound="" damaged sum
  name=$(find "$kept" -maxdepth 1 -name 'etcd-*.json' -printf '%f\n' 2>/dev/null | sed -E 's/(.*)-([0-9TZ]+)\.json$/\2 \1-\2/' | sort | tail -n 1 | cut -d' ' -f2)
  damaged=$(find "$kept" -maxdepth 1 -name '*.damaged' 2>/dev/null | wc -l)
  if ((${every:-0} > 0)); then
    sample snapshot_interval_seconds "$every"
    sample snapshots_damaged "$damaged"
    sample snapshot_last_run_ok "$(grep -q '"ok":true' "$kept/status" 2>/dev/null && echo 1 || echo 0)"
  fi
  [[ -n $name ]] || return 0
  taken=$(field takenAt "$kept/$name.json")
  sample snapshot_timestamp_seconds "$(seconds "${taken:-0}")"
  mark="$name $(stat -c '%s %.9Y %i' "$kept/$name.db" 2>/dev/null) $(field sha256 "$kept/$name.json")"
  case $(cat "$kept/.read" 2>/dev/null) in
    "$mark sound") sound=1 ;;
    "$mark damaged") sound=0 ;;
    *)
      sum=$(nice -n 10 sha256sum "$kept/$name.db" 2>/dev/null | cut -d' ' -f1)
      sound=$([[ -n $sum && $sum == "${mark##* }" ]] && echo 1 || echo 0)
      # a file that can't be read at all may be read the next time
      [[ -z $sum ]] || printf '%s %s\n' "$mark" "$( ((sound)) && echo sound || echo damaged)" 2>/dev/null >"$kept/.read" || true
      ;;
  esac
  sample snapshot_sound "$sound"
  if ((sound)); then snapshot_at=$taken; fi
}

rehearsal_samples() {
  local file began
  file=$(find "$rehearsals" -maxdepth 1 -name '*.json' 2>/dev/null | sort | tail -n 1)
  [[ -n $file ]] || return 0
  began=$(date -u -d "$(field startedAt "$file")" +%s 2>/dev/null) || return 0
  sample rehearsal_timestamp_seconds "$began"
  sample rehearsal_verified "$([[ $(field verified "$file") == true ]] && echo 1 || echo 0)"
  sample failover_takes_seconds "$(field recoverySeconds "$file")"
}

sum_of() { sed -n "s/^sum $2 //p" "$work/$1" 2>/dev/null; }
# same FILE AS SUM: prints if this deploy host has the file with that sum.
same() {
  local own
  own=$(sum_of "$self" "$1")
  sample deploy_file_same "$([[ -n $own && $own == "$3" ]] && echo 1 || echo 0)" "file=\"$1\",as=\"$2\""
}
deploy_samples() {
  local other file
  # installers without a record of their own have neither file
  if [[ -n $cluster_yml ]]; then same cluster.yml git "$cluster_yml"; fi
  for other in ${deploys[@]+"${deploys[@]}"}; do
    for file in cluster.yml cluster.rkestate; do
      if [[ -n $(sum_of "$other" "$file")$(sum_of "$self" "$file") ]]; then same "$file" "$other" "$(sum_of "$other" "$file")"; fi
    done
  done
}

# loss_sample: what a failover to this side would lose now: by its members of etcd, else by its newest sound snapshot.
loss_sample() {
  local entry name side at newest=0
  for entry in "${hosts[@]}"; do
    IFS='=' read -r name _ side _ <<<"$entry"
    [[ $side == own ]] || continue
    at=$(sed -n 's/^rke_dr_member_caught_up_timestamp_seconds{.*} \([0-9]*\)\.\([0-9]*\)$/\1\2/p' "$work/$name" "$state/ready/$name" 2>/dev/null | sort -n | tail -n 1)
    if [[ -n $at ]] && ((at > newest)); then newest=$at; fi
  done
  if ((newest == 0)); then newest=$snapshot_at; fi
  ((newest == 0)) || sample failover_loses_at_most_seconds "$(seconds $(($(now_ms) - newest)))"
}

# remember: keeps the last moment at which each member had caught up: one that lags behind now may have caught up a minute ago.
remember() {
  local entry name line
  mkdir -p "$state/ready"
  for entry in "${hosts[@]}"; do
    name=${entry%%=*}
    line=$(grep '^rke_dr_member_caught_up_timestamp_seconds' "$work/$name" 2>/dev/null)
    if [[ -n $line ]]; then
      printf '%s\n' "$line" >"$state/ready/$name"
    elif [[ -s $state/ready/$name && -n $(sed -n 's/^clock //p' "$work/$name") ]]; then
      cat "$state/ready/$name" >>"$work/$name"
    fi
  done
}

main() {
  local entry name target side others all metric help target_file=${1:-}
  config
  if [[ -n $target_file ]]; then
    exec 7>"$here/ready.lock"
    flock -n 7 || return 0
  fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for entry in ${hosts[@]+"${hosts[@]}"}; do
    IFS='=' read -r name target side others <<<"$entry"
    ask "$name" "$target" "$others" 7>&- &
  done
  wait
  if [[ -n $target_file ]]; then remember; fi
  all=$(
    for entry in ${hosts[@]+"${hosts[@]}"}; do about_host "${entry%%=*}"; done
    snapshot_samples
    rehearsal_samples
    deploy_samples
    loss_sample
    sample ready_timestamp_seconds "$(seconds "$(now_ms)")"
  )
  all=$(while read -r metric help; do
    grep -q "^rke_dr_$metric{" <<<"$all" || continue
    printf '# HELP rke_dr_%s %s\n# TYPE rke_dr_%s gauge\n' "$metric" "$help" "$metric"
    grep "^rke_dr_$metric{" <<<"$all" | sed "s/{/{cluster=\"$cluster\",/"
  done <<<"$metrics")
  if [[ -z $target_file ]]; then
    printf '%s\n' "$all"
  elif ! { mkdir -p "${target_file%/*}" && printf '%s\n' "$all" >"$target_file.$$" &&
    chmod 644 "$target_file.$$" && mv "$target_file.$$" "$target_file"; }; then
    rm -f "$target_file.$$"
  fi
}

work="" snapshot_at=0
main "$@"
exit
