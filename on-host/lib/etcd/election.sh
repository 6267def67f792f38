# needs: lib/client
# Ends the wait before the election of an etcd that is a cluster of one. Such an etcd waits one to two election timeouts by chance (RKE's
# timeout is 5 s, its heartbeat 500 ms) before it elects itself (raft.go resetRandomizedElectionTimeout, etcdserver/server.go adjustTicks),
# although nobody else could be elected. raft has a message that ends the wait: MsgTimeoutNow, with which a leader hands over to another
# member. etcd accepts it at its peer port. If the message can't be delivered, etcd simply waits as usual.
# shellcheck shell=bash

# campaign PEER CERTIFICATE: tells the member whose peer URL is PEER to elect itself now. Returns 1 if it couldn't be told. Does nothing if
# the cluster has more than one member: they elect a leader themselves.
campaign() {
  local peer=$1 certificate=$2 answer cluster id
  answer=$(to_peer "$certificate" -D - "$peer/members" </dev/null) || return 1
  [[ $(grep -o '"id":' <<<"$answer" | wc -l) == 1 ]] || return 1
  [[ $(tr '[:upper:]' '[:lower:]' <<<"$answer") =~ x-etcd-cluster-id:\ *([0-9a-f]+) ]] || return 1
  cluster=${BASH_REMATCH[1]}
  [[ $answer =~ \"id\":([0-9]+) ]] || return 1
  id=$(printf '%016x' "${BASH_REMATCH[1]}")
  # shellcheck disable=SC2059 # the bytes are the format
  printf "$(timeout_now "$id")" | to_peer "$certificate" -X POST --data-binary @- -H 'Content-Type: application/protobuf' \
    -H "X-Etcd-Cluster-ID: $cluster" -H "X-Server-From: ${id#"${id%%[!0]*}"}" -H 'X-Server-Version: 3.0.0' -H 'X-Min-Cluster-Version: 3.0.0' \
    -H 'Expect:' "$peer/raft" >/dev/null
}

# to_peer CERTIFICATE CURL'S ARGUMENT ...: asks etcd's peer port, by HTTP/1.1: over HTTP/2 that port serves only gRPC.
to_peer() { curl_as "$1" --http1.1 --max-time 2 "${@:2}"; }

# timeout_now ID: prints raftpb.Message{Type: MsgTimeoutNow, To: ID, From: ID} without a term, as escapes for printf. ID has 16 hex digits.
timeout_now() { printf '\\x08\\x0e\\x10%s\\x18%s' "$(varint "$1")" "$(varint "$1")"; }

# varint ID: prints 64 bits as a protobuf varint of always ten bytes, computed in two halves because bash's numbers have a sign.
varint() {
  local high=$((16#${1:0:8})) low=$((16#${1:8})) i
  for i in 0 7 14 21; do printf '\\x%02x' $((low >> i & 127 | 128)); done
  printf '\\x%02x' $((low >> 28 | (high & 7) << 4 | 128))
  for i in 3 10 17 24; do printf '\\x%02x' $((high >> i & 127 | 128)); done
  printf '\\x%02x' $((high >> 31))
}
