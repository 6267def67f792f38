# needs: lib/step lib/client lib/etcd/election
# Sent ahead of a step that starts a recovered etcd: one whose space was used up before the disaster has still the alarm NOSPACE,
# which a restored database keeps, too. It serves reads, refuses writes, and says of itself that it isn't healthy as long as
# any alarm is raised (etcdserver/api/etcdhttp/metrics.go checkHealth): neither would a step go on, nor RKE.

# until_healthy SECONDS CONTAINER HEALTH CERTIFICATE PEER: waits for an etcd that is alone; it is told to elect itself at once. Frees
# its space where that is what keeps it from being healthy. It is asked only when it has had the time to elect itself untold (RKE's
# election timeout is 5 s): the answer takes docker a while. Sent after etcd-election.
until_healthy() {
  local status=0 telling
  # again until it is healthy: etcd takes the message and does nothing while membership is still being applied
  (while kill -0 "$$" 2>/dev/null; do if campaign "$5" "$4"; then sleep 0.2; else sleep 0.05; fi; done) 3>&- 8>&- 9>&- &
  telling=$!
  disown "$telling"
  until_true 8 healthy_or_gone "$3" "$4" || until_true "$1" healthy_once_freed "$2" "$3" "$4" || status=1
  ! gone || status=1
  kill "$telling" 2>/dev/null || true
  return "$status"
}

# An etcd that doesn't start again by itself isn't waited for when it has ended.
gone() { [[ -n ${sandbox:-} && ! -e /proc/$sandbox ]]; }
healthy_or_gone() { gone || healthy "$@"; }

healthy_once_freed() {
  local container=$1 url=$2 certificate=$3 status
  healthy_or_gone "$url" "$certificate" && return 0
  status=$(etcdctl_in status) || return 1
  [[ $status == *NOSPACE* ]] || return 1
  free_space "$status" && healthy "$url" "$certificate"
}

# etcd's own procedure for it (op-guide/maintenance, Space quota): compact, defragment, disarm. What is lost is history: keys keep
# their values, and all of it is in what was set aside.
free_space() {
  local revision before after
  [[ $1 =~ \"revision\":([0-9]+) ]] || return 1
  revision=${BASH_REMATCH[1]}
  before=$(size_in "$1")
  say "etcd's space is used up: $before bytes, alarm NOSPACE; freeing space"
  # compacted there already is as good
  etcdctl_in compact "$revision" >/dev/null || true
  etcdctl_in defrag >/dev/null || return 1
  etcdctl_in disarm >/dev/null || return 1
  after=$(size_in "$(etcdctl_in status)")
  did "etcd's space was used up (alarm NOSPACE): its history compacted at revision $revision, defragmented from $before to $after bytes, the alarm disarmed"
}

size_in() { [[ $1 =~ \"dbSize\":([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }

# Waits for as long as a large database takes, but for its status, which says nothing where etcd does.
etcdctl_in() {
  local command=()
  case $1 in
    status) command=(--command-timeout=4s endpoint status -w json) ;;
    compact) command=(--command-timeout=300s compact --physical=true "$2") ;;
    defrag) command=(--command-timeout=600s defrag) ;;
    disarm) command=(--command-timeout=10s alarm disarm) ;;
  esac
  docker exec -e ETCDCTL_ENDPOINTS="${url%/health}" "$container" etcdctl "${command[@]}" 2>/dev/null </dev/null
}
