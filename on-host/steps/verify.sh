# needs: lib/kube lib/etcd/write
# verify: checks from the deploy host what must be true at the end of the act: the API writes and reads, and the endpoints of the Service
# kubernetes are the survivors'.
# arguments: SERVER ADDRESSES LOST: the addresses of the surviving and of the lost control plane hosts, each list separated by commas.  Without an
#   API: etcd, URL of this host's etcd
main() {
  local server=$1 alive=$2 lost=${3:-} answer=""
  begin "$@"
  if [[ $server == etcd ]]; then
    until_true 60 etcd_writes "$2" || die "etcd: $2 refuses a write"
    until_true 60 etcd_reads "$2" || die "etcd: $2 answers no linearizable read"
    did "a write and a read through etcd"
    finish
    return
  fi
  # for a minute, because an etcd may just be starting again
  until_true 60 reads_its_write "$server" || die "API: a write is refused, or a read doesn't return it: ${answer:0:300}"
  did "a write and a read through the API"
  until_true 60 endpoints_are "$server" "$alive" "$lost" || die "API: the endpoints of the Service kubernetes are not $alive alone"
  did "endpoints of the Service kubernetes: $alive"
  if event "$server"; then
    did "Event kube-system/rke-dr-epoch-$epoch"
  else
    did "no Event: the API refused it"
  fi
  finish
}

# reads_its_write SERVER: true if the API takes a write, and a read returns it. Sets $answer to what the API said last.
reads_its_write() {
  local value path=/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch
  value=$(date -u +%s%N)
  answer=$(kube "$1" PATCH "$path?fieldManager=rke-dr-verify" application/merge-patch+json "{\"data\":{\"verified\":\"$value\"}}") || return 1
  answer=$(kube "$1" GET "$path") || return 1
  grep -q "$value" <<<"$answer"
}

# event SERVER: writes an Event, for people and programs that watch the cluster. The API deletes Events after an hour; the ConfigMap that the
# Event is about stays.
event() {
  local now
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  kube "$1" PATCH "/api/v1/namespaces/kube-system/events/rke-dr-epoch-$epoch?fieldManager=rke-dr&force=true" \
    application/apply-patch+yaml "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"rke-dr-epoch-$epoch\"},
      \"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"namespace\":\"kube-system\",\"name\":\"rke-dr-epoch-$epoch\"},
      \"reason\":\"RecoveredFromLoss\",\"message\":$(json "epoch $epoch: $act; verified from $(hostname)"),\"type\":\"Warning\",
      \"source\":{\"component\":\"rke-dr\",\"host\":$(json "$(hostname)")},\"firstTimestamp\":\"$now\",\"lastTimestamp\":\"$now\",\"count\":1}" >/dev/null
}

# endpoints_are SERVER ADDRESSES LOST: true if the Service has all ADDRESSES and none of LOST.
endpoints_are() {
  local found address
  found=$(kube "$1" GET /api/v1/namespaces/default/endpoints/kubernetes) || return 1
  for address in ${2//,/ }; do grep -q "\"$address\"" <<<"$found" || return 1; done
  for address in ${3//,/ }; do ! grep -q "\"$address\"" <<<"$found" || return 1; done
}
