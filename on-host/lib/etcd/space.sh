# needs: lib/step runtime lib/client lib/etcd/election
# Waits for a recovered etcd that is a cluster of one, and frees its space if that is what keeps it from being healthy. An etcd whose
# space was used up before the disaster still has the alarm NOSPACE; a restored database keeps it, too. Such an etcd serves reads,
# refuses writes, and isn't healthy as long as any alarm is raised (etcdserver/api/etcdhttp/metrics.go checkHealth): neither this step
# nor RKE would go on. The alarm CORRUPT, which outlives force and a restore likewise, is never disarmed here: it is the operator who judges data.
# shellcheck shell=bash

# until_healthy SECONDS NAME HEALTH CERTIFICATE PEER: waits until the etcd is healthy, and tells it meanwhile to elect itself. HEALTH is
# the URL of its health, PEER its peer URL. Returns 1 if it isn't healthy in time. Its alarms are asked for after 8 s, not before: without
# being told, it would need up to 5 s to elect itself (RKE's election timeout), and `docker exec` is slow. Sets $corrupt to a sentence if it has the
# alarm CORRUPT, and returns 1 at once then; else to "".
until_healthy() {
  local failure=0 telling
  corrupt=""
  # over and over until it is healthy: etcd accepts the message and ignores it while its membership isn't applied yet
  (while kill -0 "$$" 2>/dev/null; do if campaign "$5" "$4"; then sleep 0.2; else sleep 0.05; fi; done) 3>&- 8>&- 9>&- &
  telling=$!
  disown "$telling"
  until_true 8 healthy_or_gone "$3" "$4" || until_true "$1" healthy_once_freed "$2" "$3" "$4" || failure=1
  ! network_is_gone && [[ -z $corrupt ]] || failure=1
  kill "$telling" 2>/dev/null || true
  return "$failure"
}

# unhealthy SECONDS: prints, after until_healthy has failed, why etcd isn't healthy, and what the operator can do about it here.
unhealthy() {
  if [[ -n $corrupt ]]; then
    printf "%s. Compare with another source; if it is the right data, \`etcdctl alarm disarm\` at this etcd and run again" "$corrupt"
  else
    printf 'not healthy %s s after its start: %s. Mend that and run again' "$1" "$(process_log etcd 1 | cut -c1-300)"
  fi
}

# True as well if the etcd has ended in its own network namespace, where nothing starts it again: then there is nothing to wait for.
healthy_or_gone() { network_is_gone || healthy "$@"; }

# healthy_once_freed NAME HEALTH CERTIFICATE: true as well if it has the alarm CORRUPT, which no waiting ends.
healthy_once_freed() {
  local answer
  healthy_or_gone "$2" "$3" && return 0
  answer=$(etcdctl_in "$1" "$2" status) || return 1
  if [[ $answer == *alarm:CORRUPT* ]]; then
    corrupt="its data has the alarm CORRUPT, which etcd raises if members' data differ; with it etcd refuses reads and writes"
    return 0
  fi
  [[ $answer == *NOSPACE* ]] || return 1
  free_space "$1" "$2" "$answer" && healthy "$2" "$3"
}

# free_space NAME HEALTH STATUS: etcd's own procedure (op-guide/maintenance, Space quota): compact, defragment, disarm the alarm. History
# is lost by that, but every key keeps its value, and the history remains in the data that was set aside.
free_space() {
  local revision before after
  [[ $3 =~ \"revision\":([0-9]+) ]] || return 1
  revision=${BASH_REMATCH[1]}
  before=$(size_in "$3")
  say "etcd's space is used up: $before bytes, alarm NOSPACE; freeing space"
  # an error may only mean that it is compacted there already
  etcdctl_in "$1" "$2" compact "$revision" >/dev/null || true
  etcdctl_in "$1" "$2" defrag >/dev/null || return 1
  etcdctl_in "$1" "$2" disarm >/dev/null || return 1
  after=$(size_in "$(etcdctl_in "$1" "$2" status)")
  did "etcd's space was used up (alarm NOSPACE): its history compacted at revision $revision, defragmented from $before to $after bytes, the alarm disarmed"
}

# size_in STATUS: prints the size of the database, in bytes.
size_in() { [[ $1 =~ \"dbSize\":([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }

# etcdctl_in NAME HEALTH status|compact|defrag|disarm [REVISION]: each with a time limit that suits a large database; the status has a short
# one, because an etcd that hangs doesn't answer it at all.
etcdctl_in() {
  local command=()
  case $3 in
    status) command=(--command-timeout=4s endpoint status -w json) ;;
    compact) command=(--command-timeout=300s compact --physical=true "$4") ;;
    defrag) command=(--command-timeout=600s defrag) ;;
    disarm) command=(--command-timeout=10s alarm disarm) ;;
  esac
  process_etcdctl "$1" "${2%/health}" "${command[@]}" 2>/dev/null
}
