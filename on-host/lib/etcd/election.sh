# needs: nothing
# Sent ahead of a step that starts an etcd which is a cluster of one. It waits before it elects itself, one to ten heartbeats by
# chance, RKE's of 500 ms (raft.go resetRandomizedElectionTimeout, etcdserver/server.go adjustTicks), although there is nobody to
# wait for. raft has a message that ends the wait: MsgTimeoutNow, with which a leader hands over to another member. etcd takes it
# at its peer port; whoever can't be told so waits as ever.
# shellcheck shell=bash

# campaign PEER CERTIFICATE: tells the member that listens for peers at the URL PEER to elect itself now. 1 where it hasn't been told.
# With other members there is a leader to be had, and this is nobody's business but theirs.
campaign() {
  local peer=$1 certificate=$2 told cluster id
  told=$(to_peer "$certificate" -D - "$peer/members" </dev/null) || return 1
  [[ $(grep -o '"id":' <<<"$told" | wc -l) == 1 ]] || return 1
  [[ $(tr '[:upper:]' '[:lower:]' <<<"$told") =~ x-etcd-cluster-id:\ *([0-9a-f]+) ]] || return 1
  cluster=${BASH_REMATCH[1]}
  [[ $told =~ \"id\":([0-9]+) ]] || return 1
  id=$(printf '%016x' "${BASH_REMATCH[1]}")
  # shellcheck disable=SC2059 # the bytes are the format
  printf "$(timeout_now "$id")" | to_peer "$certificate" -X POST --data-binary @- -H 'Content-Type: application/protobuf' \
    -H "X-Etcd-Cluster-ID: $cluster" -H "X-Server-From: ${id#"${id%%[!0]*}"}" -H 'X-Server-Version: 3.0.0' -H 'X-Min-Cluster-Version: 3.0.0' \
    -H 'Expect:' "$peer/raft" >/dev/null
}

# over HTTP/2 that port takes gRPC alone; $sandbox as for answer_of
to_peer() {
  local ssl=/etc/kubernetes/ssl
  ${sandbox:+nsenter -t "$sandbox" -n} curl -sf --http1.1 --max-time 2 --cacert $ssl/kube-ca.pem --cert "$ssl/$1.pem" --key "$ssl/$1-key.pem" "${@:2}" 2>/dev/null
}

# timeout_now ID: raftpb.Message{Type: MsgTimeoutNow, To: ID, From: ID} without a term, as escapes for printf. ID: 16 hex digits.
timeout_now() { printf '\\x08\\x0e\\x10%s\\x18%s' "$(varint "$1")" "$(varint "$1")"; }

# A varint of 64 bits, always ten bytes long, in two halves: bash's numbers have a sign.
varint() {
  local high=$((16#${1:0:8})) low=$((16#${1:8})) i
  for i in 0 7 14 21; do printf '\\x%02x' $((low >> i & 127 | 128)); done
  printf '\\x%02x' $((low >> 28 | (high & 7) << 4 | 128))
  for i in 3 10 17 24; do printf '\\x%02x' $((high >> i & 127 | 128)); done
  printf '\\x%02x' $((high >> 31))
}
