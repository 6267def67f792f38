# needs: runtime
# The return guard. It runs on every host that has etcd or a control plane, as the resident process rke-dr-guard: so the runtime starts
# it at boot together with the processes that it watches, with or without systemd.
# It asks the control plane hosts of the other datacenters which epoch they serve, by SSH with a key that permits nothing else. If one of them
# serves a newer epoch than this host's, the other side has taken over: etcd and the control plane here are stopped, renamed and don't start
# at boot any more. Only such an answer stops anything for good. Silence, a refusal, another host key, another cluster and an older epoch never do.
# With the topology's bootHold (a file `hold` beside this script) silence holds a host that has just booted: its etcd and control plane wait, and
# serve nothing, until a host of the other side answers, or an operator says so by --go-on (docs/decisions/37-boot-hold.md).
# shellcheck shell=bash
# guard-watch.sh [--once | --before-others | --go-on | ROUNDS]: with --once it asks once, prints the answers and stops nothing; it returns 1 if a host
# doesn't answer. With --before-others it asks each second until a host has answered, for 10 s at most (with bootHold without a limit), and acts
# on the answer: a runtime that can wait runs it before it starts etcd at boot, so that old members never meet. --go-on ends a hold.
# With ROUNDS it ends after so many rounds; else it never ends.
set -uo pipefail
umask 077
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
state=${RKE_DR_STATE:-/var/lib/rke-dr}
folder=$state/guard
# a folder that is empty after each boot
run=${RKE_DR_RUN:-/run}
watched=(kube-apiserver etcd kube-controller-manager kube-scheduler)
# seconds: for the first `eager` seconds it asks every second, because at boot old members form a majority within seconds; later it asks every
# `calm` seconds, which keeps the log small
eager=120 calm=15

say() {
  printf '%s\n' "$*"
  printf '%s return-guard: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$state/log"
}

# ask TARGET: prints "EPOCH TARGET" if a host of this cluster has answered, else "- TARGET REASON".
ask() {
  local target=$1 answer
  answer=$(timeout 8 ssh -n -F /dev/null -i "$folder/id_ed25519" -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=3 -o LogLevel=ERROR \
    -o UserKnownHostsFile="$folder/known_hosts" -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \
    -p "${target##*:}" "${target%:*}" epoch 2>&1)
  if [[ $answer =~ ^rke-dr\ ([a-z0-9-]+)\ serves\ ([0-9]{1,9})$ && ${BASH_REMATCH[1]} == "$(cat "$state/cluster" 2>/dev/null)" ]]; then
    printf '%s %s\n' "${BASH_REMATCH[2]}" "$target"
  else
    printf -- '- %s %s\n' "$target" "$(tail -n 1 <<<"${answer:-no answer}" | cut -c1-200)"
  fi
}

# ask_all: asks all targets at the same time and prints the answers as they come.
ask_all() {
  local target
  while read -r target; do
    [[ -z $target ]] || ask "$target" &
  done <"$folder/targets"
  wait
}

# newer EPOCH: true if it is newer than this host's, and false if this host doesn't know its own. Sets $own to this host's.
newer() {
  own=$(cat "$state/epoch" 2>/dev/null)
  [[ $own =~ ^[1-9][0-9]{0,8}$ && $1 =~ ^[0-9]+$ ]] && (($1 > own))
}

# quarantine EPOCH TARGET: stops and renames the watched containers, because TARGET serves a newer epoch than theirs.
quarantine() {
  local seen=$1 target=$2 name present=() to
  exec 9>"$state/lock"
  # waits 10 s for a step that runs here; a step that takes longer belongs to the old epoch, too
  flock -x -w 10 9
  if ! newer "$seen"; then
    exec 9>&-
    return
  fi
  for name in "${watched[@]}"; do
    if process_present "$name"; then present+=("$name"); fi
  done
  if ((${#present[@]} > 0)); then
    say "$target serves epoch $seen, this host is at $own: it is put in quarantine"
    process_disable "${present[@]}" 2>/dev/null
    process_stop 1 "${present[@]}"
    # once more: the runtime refuses it for a process that ends at the same moment
    process_disable "${present[@]}"
    for name in "${present[@]}"; do
      to=$name-before-epoch-$seen
      if process_present "$to"; then to+=-$(date +%s); fi
      process_rename "$name" "$to" && say "container $name stopped, kept as $to, restart policy off"
    done
    printf 'epoch=%s\nby=%s\nat=%s\n' "$seen" "$target" "$(date +%s%3N)" >"$state/quarantine.new" && put_new "$state/quarantine"
  fi
  exec 9>&-
}

# waits_for: prints the words of a hold: what is waited for, and what an operator types.
waits_for() {
  printf 'bootHold: this host has booted and no host of the other side answers (%s). etcd and the control plane here wait and serve nothing. ' "$(paste -sd' ' "$folder/targets")"
  printf 'They start when one answers that knows no newer epoch than %s. ' "$(cat "$state/epoch" 2>/dev/null)"
  printf 'If the other side has certainly not taken over, type on each host of this side: bash %s/guard-watch.sh --go-on' "$folder"
}

# may_go_on: asks all hosts of the other side. True if one answers that knows no newer epoch, or an operator has said --go-on, or an act of
# another epoch than $held_epoch has begun here, or this host was put in quarantine. Sets $because; $start is "no" if nothing may be started.
may_go_on() {
  local epoch target seen=""
  while read -r epoch target _; do
    if newer "$epoch"; then
      quarantine "$epoch" "$target"
      because="$target serves epoch $epoch" start=no
      return 0
    fi
    [[ $epoch == - || ! $own =~ ^[1-9] ]] || seen=$target
  done < <(ask_all)
  if [[ $(cat "$state/epoch" 2>/dev/null) != "$held_epoch" ]]; then
    because="an act of another epoch has begun here" start=no
  elif [[ -e $folder/go-on ]]; then
    because="an operator said so"
  elif [[ -n $seen ]]; then
    because="$seen answers and knows no newer epoch"
  else
    return 1
  fi
}

# The files that say how a hold stands:
#   held                   when it began (since=), this host's epoch then (epoch=), and the names of processes that it has stopped. It outlives a boot
#   go-on                  an operator's word
#   rke-dr-guard-holds     in the folder that is empty after each boot: a hold of this boot goes on
#   rke-dr-guard-decided   there, too: the hold of this boot is over. "yes", or "no" if nothing may be started; then the reason
holds=$run/rke-dr-guard-holds decided=$run/rke-dr-guard-decided
# a hold that an earlier version of this script began has no such line
held_epoch() { { grep -s '^epoch=' "$folder/held" || cat "$state/epoch" 2>/dev/null; } | sed 's/^epoch=//'; }
# same_epoch: true if no act of another epoch has begun here since the hold began. Only under the host's lock (with_lock) it stays so.
same_epoch() { [[ $(cat "$state/epoch" 2>/dev/null) == "$(held_epoch)" ]]; }
# with_lock FLOCK'S OPTIONS COMMAND ...: runs COMMAND while no step `claim` runs: an act, which may start an etcd of its own, begins with that step.
with_lock() {
  local ended=0
  exec 9>"$state/lock"
  # shellcheck disable=SC2086 # options, one a word
  if flock $1 9; then "${@:2}" || ended=$?; else ended=1; fi
  exec 9>&-
  return "$ended"
}

# keep_down: stops the watched processes over and over, since the runtime may start them only after this script at boot.
keep_down() {
  while [[ -e $holds ]]; do
    with_lock "-s -n" stop_watched
    sleep 0.5
  done
} 2>/dev/null
# stop_watched: stops the watched processes that run, and adds their names to `held`.
stop_watched() {
  local name running=()
  same_epoch || return 0
  for name in "${watched[@]}"; do
    if process_runs "$name"; then running+=("$name"); fi
  done
  ((${#running[@]} > 0)) || return 0
  for name in "${running[@]}"; do grep -qsx "$name" "$folder/held" || printf '%s\n' "$name" >>"$folder/held"; done
  process_stop 1 "${running[@]}"
}

# hold: etcd and the control plane wait until may_go_on. A guard that was ended meanwhile, and starts again in the same boot, goes on with the same wait.
hold() {
  local keeper because="" start=yes told="" held_epoch
  if [[ ! -e $holds ]]; then
    # an operator's word was for the boot in which it was typed
    rm -f "$folder/go-on"
    if [[ ! -e $folder/held ]] || ! same_epoch; then
      printf 'since=%s\nepoch=%s\n' "$(date +%s)" "$(cat "$state/epoch" 2>/dev/null)" >"$folder/held.new"
      put_new "$folder/held"
    fi
    touch "$holds"
  fi
  held_epoch=$(held_epoch)
  keep_down &
  keeper=$!
  until may_go_on; do
    if [[ -z $told ]] || (($(up_seconds) - told > 600)); then
      told=$(up_seconds)
      say "$(waits_for)"
    fi
    sleep 1
  done
  printf '%s %s\n' "$start" "$because" >"$decided.new" && put_new "$decided"
  # to its end: a stop that it has begun must not meet what is started now
  rm -f "$holds"
  wait "$keeper"
  end_hold
}

# end_hold: does what was decided, and forgets the hold. A guard that was ended in the middle of this does it again when it starts.
end_hold() {
  local start because name
  read -r start because <"$decided"
  if [[ $start == yes ]]; then with_lock -s start_held; fi
  touch "$run/rke-dr-guard-started"
  rm -f "$holds" "$folder/go-on" "$folder/held"
  say "bootHold: the wait is over, $because: $([[ $start == yes ]] && echo "etcd and the control plane start" || echo "nothing is started")"
}
start_held() {
  local name
  same_epoch || return 0
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    if grep -qx "$name" "$folder/held" && process_present "$name"; then process_start "$name"; fi
  done
}

# up_seconds: prints for how long this host has been up: no clock that is set makes it jump.
up_seconds() {
  local up _
  read -r up _ </proc/uptime
  printf '%s' "${up%%.*}"
}

if [[ ${1:-} == --go-on ]]; then
  [[ -e $folder/held ]] || {
    echo "nothing is held on this host: etcd and the control plane don't wait for a word" >&2
    exit 1
  }
  touch "$folder/go-on"
  echo "etcd and the control plane of this host start within a few seconds"
  exit
fi
if [[ ${1:-} == --once ]]; then
  answers=$(ask_all)
  printf '%s\n' "$answers"
  ! grep -q '^- ' <<<"$answers"
  exit
fi

# a hold of this boot that was decided, and not yet done
if [[ -e $decided && -e $folder/held && ${1:-} != --* ]]; then end_hold; fi
began=$(up_seconds) told="" own="" rounds=${1:--1}
if [[ $rounds == --before-others ]]; then
  # a kubelet that was never started in this boot waits for this script: it needn't be stopped
  if [[ $(systemctl is-active kubelet 2>/dev/null) == inactive && ! -e /run/rke-dr-kubelet-stopped ]]; then kubelet_waits=yes; fi
  if [[ -e $folder/hold && -n ${kubelet_waits:-} && ! -e $run/rke-dr-guard-started ]]; then
    # the kubelet waits for this script, so nothing runs that would have to be stopped
    hold
    exit 0
  fi
  while (($(up_seconds) - began < 10)); do
    heard=""
    while read -r epoch target _; do
      [[ $epoch == - ]] || heard=yes
      if newer "$epoch"; then quarantine "$epoch" "$target"; fi
    done < <(ask_all)
    [[ -z $heard ]] || break
    sleep 1
  done
  say "asked before etcd starts: $([[ -n $heard ]] && echo "the other side answers" || echo "nobody answers within 10 s, so nothing is stopped")"
  exit 0
fi
# the runtime starts this script anew when it has ended: only the first start after a boot holds, and one that a hold was cut short before
if [[ -e $folder/hold && ! -e $decided && (! -e $run/rke-dr-guard-started || -e $folder/held) ]]; then hold; fi
touch "$run/rke-dr-guard-started"
say "the return guard watches"
while ((rounds-- != 0)); do
  now=""
  while read -r epoch target reason; do
    now+="$target: ${reason:-epoch $epoch}"$'\n'
    if newer "$epoch"; then quarantine "$epoch" "$target"; fi
  done < <(ask_all)
  now=$(sort <<<"${now%$'\n'}")
  if [[ $now != "$told" ]]; then
    told=$now
    say "what the other side serves: ${now//$'\n'/; }"
  fi
  ((rounds != 0)) || break
  if (($(up_seconds) - began < eager)); then sleep 1; else sleep "$calm"; fi
done
