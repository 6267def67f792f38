# needs: lib/step lib/docker lib/client lib/etcd/data lib/etcd/space
# Sent ahead of the steps that force a voter's data into a cluster of one; after etcd-election and etcd-space.
# shellcheck shell=bash

# Where a copy of etcd's data is forced, on the disk of that data; whole, and not yet used, when $aside/copy or $aside/copy-holds is there.
copy=/var/lib/etcd/rke-dr-forced-epoch-$epoch
# The container with the flag; one of another epoch may be left from a killed run.
forced=etcd-force-epoch-$epoch
# The copy's container has no network of its host's: its etcd is asked from within (see answer_of).
sandbox=""

# ask_etcd URL CERTIFICATE [CONTAINER]: sets $index, up to where it has committed, and $revision; 1 where it doesn't say so. By etcd's
# gRPC gateway, else by its own etcdctl, which takes docker a while to start; one that lets in and says nothing isn't asked twice.
ask_etcd() {
  local told status=0
  told=$(answer_of "$1/v3/maintenance/status" "$2" 4 -d '{}') || status=$?
  # curl's own word for a time limit
  ((status != 28)) || return 1
  ((status == 0)) ||
    told=$(timeout 10 docker exec -e ETCDCTL_ENDPOINTS="$1" "${3:-etcd}" etcdctl --command-timeout=5s endpoint status -w json 2>/dev/null </dev/null) ||
    return 1
  [[ $told =~ \"raftIndex\":\"?([0-9]+) ]] || return 1
  index=${BASH_REMATCH[1]}
  [[ $told =~ \"revision\":\"?([0-9]+) ]] || return 1
  revision=${BASH_REMATCH[1]}
}

# One with the flag that is left from a killed run, also of an earlier epoch: it would go on serving.
no_forced_left() {
  local left
  left=$(docker ps -aq --filter name=^etcd-force-epoch- </dev/null)
  # shellcheck disable=SC2086 # ids, one a word
  [[ -z $left ]] || docker rm -f $left >/dev/null </dev/null
}

no_copy() { rm -rf "$aside/copy" "$aside/copy-holds" "$copy"; }

# force CERTIFICATE URL PEER BODY: runs etcd with the flag, which rewrites the membership in the WAL when etcd starts; once a write was
# accepted it has done its work, and is stopped. Sets $index and $revision. Returns 1 with $why where it failed; $damaged, where etcd's own
# words tell that the data is the reason. No failure ends a step by itself where a function is asked for yes or no.
force() {
  local certificate=$1 own=$2 peer=$3 body=$4 members
  damaged=""
  undo_if_failed docker rm -f "$forced"
  why="docker can't start it"
  (docker_api POST "/containers/create?name=$forced" "$body") || return 1
  docker start "$forced" >/dev/null </dev/null || return 1
  [[ $body != *'"NetworkMode":"none"'* ]] || sandbox=$(docker inspect --format '{{.State.Pid}}' "$forced" </dev/null) || return 1
  if ! until_healthy 120 "$forced" "$own/health" "$certificate" "$peer"; then
    why=$(last_words)
    [[ ! $why =~ [Pp]anic|[Cc]orrupt|checksum|crc\ |invalid ]] || damaged=yes
    if gone; then why="ended with --force-new-cluster: $why"; else why="not healthy 120 s after --force-new-cluster: $why"; fi
    return 1
  fi
  members=$(to_peer "$certificate" "$peer/members" </dev/null | grep -o '"id":' | wc -l) || true
  # the same by etcdctl, which takes docker a while to start
  [[ $members == 1 ]] || members=$(docker exec -e ETCDCTL_ENDPOINTS="$own" "$forced" etcdctl member list </dev/null | wc -l) || members=unknown
  why="$members members after --force-new-cluster, 1 was expected"
  [[ $members == 1 ]] || return 1
  why="it doesn't say its revision"
  ask_etcd "$own" "$certificate" "$forced" || return 1
  why="it can't be stopped"
  docker stop -t 30 "$forced" >/dev/null </dev/null || return 1
  sandbox=""
}

drop() { docker rm -f "$1" >/dev/null 2>&1 </dev/null || true; }

# What an etcd that failed says of the reason: where it panics, a stack stands behind it.
last_words() {
  local log
  log=$(docker logs --tail 200 "$forced" 2>&1 </dev/null)
  { grep -Ei 'panic|fatal|corrupt| C \| ' <<<"$log" || tail -n 1 <<<"$log"; } | head -n 1 | cut -c1-300
}
