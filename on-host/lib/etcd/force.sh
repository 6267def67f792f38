# needs: lib/step lib/process lib/client lib/next-epoch lib/etcd/data lib/etcd/space lib/etcd/commit lib/etcd/log
# Makes a voter's data, or a copy of it, a cluster of one by --force-new-cluster.
# shellcheck shell=bash

# The copy of etcd's data, on the same disk. It is whole and not yet used if $aside/copy or $aside/copy-holds exists.
copy=/var/lib/etcd/rke-dr-forced-epoch-$epoch
# The process with the flag.
forced=etcd-force-epoch-$epoch

# ask_etcd URL CERTIFICATE [NAME]: sets $index (raft commit index) and $revision; returns 1 if etcd reports neither. Asks the gRPC gateway
# first, etcdctl in NAME (etcd if it isn't given) second, which is slower. No second attempt if the gateway accepted the connection and
# timed out: etcdctl would time out, too.
ask_etcd() {
  local answer result=0
  answer=$(answer_of "$1/v3/maintenance/status" "$2" 4 -d '{}') || result=$?
  # 28: curl's status after a time limit
  ((result != 28)) || return 1
  ((result == 0)) ||
    answer=$(time_limit=10 process_etcdctl "${3:-etcd}" "$1" --command-timeout=5s endpoint status -w json 2>/dev/null) ||
    return 1
  [[ $answer =~ \"raftIndex\":\"?([0-9]+) ]] || return 1
  index=${BASH_REMATCH[1]}
  [[ $answer =~ \"revision\":\"?([0-9]+) ]] || return 1
  revision=${BASH_REMATCH[1]}
}

# no_forced_left: removes containers with the flag that killed runs left, also of earlier epochs: they would go on serving.
no_forced_left() {
  local left
  left=$(process_names)
  left=$(grep ^etcd-force-epoch- <<<"$left") || return 0
  # shellcheck disable=SC2086 # names, one a word
  process_drop $left
}

# no_copy: deletes the copy and its marks.
no_copy() { rm -rf "$aside/copy" "$aside/copy-holds" "$copy"; }

# force CERTIFICATE URL PEER BODY: runs etcd with the flag, which rewrites the membership in the WAL when etcd starts. Once etcd is healthy,
# which takes an accepted write, the flag has done its work, and etcd is stopped. URL is its client URL, PEER its peer URL, BODY its
# SPEC for process_create; a container without network is asked from inside its own. Sets $index and $revision. On failure it
# returns 1 and sets $why, and $damaged if the data is the reason: if etcd's log says so, or if more members than this one are left (etcd before
# 3.5.25 and 3.6.6 forgets to remove a learner that it knows from raft's snapshot alone: etcd-io/etcd#20893).
# `set -e` is off inside, because it is called from `if` and `||`: every failure is handled by hand.
force() {
  local certificate=$1 own=$2 peer=$3 body=$4 members pid
  damaged=""
  undo_if_failed process_drop "$forced"
  why="the runtime can't start it"
  (process_create "$forced" "$body") || return 1
  process_start "$forced" || return 1
  if spec_isolated "$body"; then
    pid=$(process_pid "$forced") || return 1
    ask_within "$pid"
  fi
  if ! until_healthy 120 "$forced" "$own/health" "$certificate" "$peer"; then
    if [[ -n $corrupt ]]; then
      damaged=yes why=$corrupt
      return 1
    fi
    why=$(reason_in_log "$forced")
    [[ ! $why =~ [Pp]anic|[Cc]orrupt|checksum|crc\ |invalid ]] || damaged=yes
    if network_is_gone; then why="ended with --force-new-cluster: $why"; else why="not healthy 120 s after --force-new-cluster: $why"; fi
    return 1
  fi
  members=$(to_peer "$certificate" "$peer/members" </dev/null | grep -o '"id":' | wc -l) || true
  # if that shows something else, etcdctl is asked, which is slower
  [[ $members == 1 ]] || members=$(process_etcdctl "$forced" "$own" member list | wc -l) || members=unknown
  why="$members members after --force-new-cluster, 1 was expected"
  if [[ $members != 1 ]]; then
    # shellcheck disable=SC2034 # only step snapshot reads it
    [[ $members == unknown ]] || damaged=yes
    return 1
  fi
  why="etcd doesn't report its revision"
  ask_etcd "$own" "$certificate" "$forced" || return 1
  why="it can't be stopped"
  process_stop 30 "$forced" || return 1
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

# drop NAME: removes it, if it is there.
drop() { process_drop "$1" >/dev/null 2>&1 || true; }

# reason_in_log NAME: prints the first line of etcd's log that tells why it failed (behind a panic a stack trace follows), else its last line.
reason_in_log() {
  local log
  log=$(process_log "$1" 200) || true
  { fatal_lines <<<"$log" || tail -n 1 <<<"$log"; } | head -n 1 | cut -c1-300
}
