# needs: lib/step lib/docker lib/client lib/etcd/data lib/etcd/space lib/etcd/commit
# Makes a voter's data, or a copy of it, a cluster of one by --force-new-cluster.
# shellcheck shell=bash

# The copy of etcd's data, on the same disk. It is whole and not yet used if $aside/copy or $aside/copy-holds exists.
copy=/var/lib/etcd/rke-dr-forced-epoch-$epoch
# The container with the flag.
forced=etcd-force-epoch-$epoch

# ask_etcd URL CERTIFICATE [CONTAINER]: sets $index (raft commit index) and $revision; returns 1 if etcd reports neither. Asks the gRPC gateway
# first, etcdctl in CONTAINER (etcd if it isn't given) second, which is slower. No second attempt if the gateway accepted the connection and
# timed out: etcdctl would time out, too.
ask_etcd() {
  local answer result=0
  answer=$(answer_of "$1/v3/maintenance/status" "$2" 4 -d '{}') || result=$?
  # 28: curl's status after a time limit
  ((result != 28)) || return 1
  ((result == 0)) ||
    answer=$(timeout 10 docker exec -e ETCDCTL_ENDPOINTS="$1" "${3:-etcd}" etcdctl --command-timeout=5s endpoint status -w json 2>/dev/null </dev/null) ||
    return 1
  [[ $answer =~ \"raftIndex\":\"?([0-9]+) ]] || return 1
  index=${BASH_REMATCH[1]}
  [[ $answer =~ \"revision\":\"?([0-9]+) ]] || return 1
  revision=${BASH_REMATCH[1]}
}

# no_forced_left: removes containers with the flag that killed runs left, also of earlier epochs: they would go on serving.
no_forced_left() {
  local left
  left=$(docker ps -aq --filter name=^etcd-force-epoch- </dev/null)
  # shellcheck disable=SC2086 # container IDs, one a word
  [[ -z $left ]] || docker rm -f $left >/dev/null </dev/null
}

# no_copy: deletes the copy and its marks.
no_copy() { rm -rf "$aside/copy" "$aside/copy-holds" "$copy"; }

# force CERTIFICATE URL PEER BODY: runs etcd with the flag, which rewrites the membership in the WAL when etcd starts. Once etcd is healthy,
# which takes an accepted write, the flag has done its work, and etcd is stopped. URL is its client URL, PEER its peer URL, BODY the body for
# Docker's POST /containers/create; a container without network is asked from inside its own. Sets $index and $revision. On failure it
# returns 1 and sets $why, and $damaged if etcd's log says that the data is the reason.
# `set -e` is off inside, because it is called from `if` and `||`: every failure is handled by hand.
force() {
  local certificate=$1 own=$2 peer=$3 body=$4 members pid
  damaged=""
  undo_if_failed docker rm -f "$forced"
  why="docker can't start it"
  (docker_api POST "/containers/create?name=$forced" "$body") || return 1
  docker start "$forced" >/dev/null </dev/null || return 1
  if [[ $body == *'"NetworkMode":"none"'* ]]; then
    pid=$(docker inspect --format '{{.State.Pid}}' "$forced" </dev/null) || return 1
    ask_within "$pid"
  fi
  if ! until_healthy 120 "$forced" "$own/health" "$certificate" "$peer"; then
    why=$(reason_in_log "$forced")
    # shellcheck disable=SC2034 # only step snapshot reads it
    [[ ! $why =~ [Pp]anic|[Cc]orrupt|checksum|crc\ |invalid ]] || damaged=yes
    if network_is_gone; then why="ended with --force-new-cluster: $why"; else why="not healthy 120 s after --force-new-cluster: $why"; fi
    return 1
  fi
  members=$(to_peer "$certificate" "$peer/members" </dev/null | grep -o '"id":' | wc -l) || true
  # if that shows something else, etcdctl is asked, which is slower
  [[ $members == 1 ]] || members=$(docker exec -e ETCDCTL_ENDPOINTS="$own" "$forced" etcdctl member list </dev/null | wc -l) || members=unknown
  why="$members members after --force-new-cluster, 1 was expected"
  [[ $members == 1 ]] || return 1
  why="etcd doesn't report its revision"
  ask_etcd "$own" "$certificate" "$forced" || return 1
  why="it can't be stopped"
  docker stop -t 30 "$forced" >/dev/null </dev/null || return 1
  ask_within
}

# force_whole FOLDER ARGUMENT ...: force with these arguments, so that no entry of the WAL in FOLDER (member/wal) is discarded. On failure it
# returns 1 and sets $why, and $damaged if the data is the reason.
force_whole() {
  damaged=yes
  commit_all "$1" || return 1
  ((newly_committed == 0)) ||
    did "the WAL's last entries, up to $last_entry, weren't marked as committed: now they are, $newly_committed of them, and none is thrown away"
  force "${@:2}" || return 1
  damaged=yes
  nothing_discarded || return 1
  # shellcheck disable=SC2034 # only step snapshot reads it
  damaged=""
}

# drop CONTAINER: removes it, if it is there.
drop() { docker rm -f "$1" >/dev/null 2>&1 </dev/null || true; }

# reason_in_log CONTAINER: prints the first line of etcd's log that tells why it failed (behind a panic a stack trace follows), else its last line.
reason_in_log() {
  local log
  log=$(docker logs --tail 200 "$1" 2>&1 </dev/null)
  { grep -Ei 'panic|fatal|corrupt| C \| ' <<<"$log" || tail -n 1 <<<"$log"; } | head -n 1 | cut -c1-300
}
