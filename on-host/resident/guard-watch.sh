# needs: runtime
# The return guard. It runs on every host that has etcd or a control plane, as the resident process rke-dr-guard: so the runtime starts
# it at boot together with the processes that it watches, with or without systemd.
# It asks the control plane hosts of the other datacenters which epoch they serve, by SSH with a key that permits nothing else. If one of them
# serves a newer epoch than this host's, the other side has taken over: etcd and the control plane here are stopped, renamed and don't start
# at boot any more. Only such an answer stops anything. Silence, a refusal, another host key, another cluster and an older epoch never do.
# shellcheck shell=bash
# guard-watch.sh [--once | --before-others | ROUNDS]: with --once it asks once, prints the answers and stops nothing; it returns 1 if a host
# doesn't answer. With --before-others it asks each second until a host has answered, for 10 s at most, and acts on the answer: a runtime that
# can wait runs it before it starts etcd at boot, so that old members never meet.
# With ROUNDS it ends after so many rounds; else it never ends.
set -uo pipefail
umask 077
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
state=${RKE_DR_STATE:-/var/lib/rke-dr}
folder=$state/guard
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
    printf 'epoch=%s\nby=%s\nat=%s\n' "$seen" "$target" "$(date +%s%3N)" >"$state/quarantine.new" && mv "$state/quarantine.new" "$state/quarantine"
  fi
  exec 9>&-
}

if [[ ${1:-} == --once ]]; then
  answers=$(ask_all)
  printf '%s\n' "$answers"
  ! grep -q '^- ' <<<"$answers"
  exit
fi

began=$(date +%s) told="" own="" rounds=${1:--1}
if [[ $rounds == --before-others ]]; then
  # a kubelet that was never started in this boot waits for this script: it needn't be stopped
  if [[ $(systemctl is-active kubelet 2>/dev/null) == inactive && ! -e /run/rke-dr-kubelet-stopped ]]; then kubelet_waits=yes; fi
  while (($(date +%s) - began < 10)); do
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
  if (($(date +%s) - began < eager)); then sleep 1; else sleep "$calm"; fi
done
