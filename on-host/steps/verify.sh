# needs: lib/kube lib/etcd/write
# verify: checks from the deploy host what must be true at the end of the act: the API writes and reads, and the endpoints of the Service
# kubernetes are the survivors'.
# arguments: SERVER ADDRESSES LOST: the addresses of the surviving and of the lost control plane hosts, each list separated by commas.  Without an
#   API: etcd, URL of this host's etcd
main() {
  local server=$1 alive=$2 lost=${3:-} value read_back
  begin "$@"
  if [[ $server == etcd ]]; then
    etcd_writes "$2" || die "etcd: $2 refuses a write"
    etcd_reads "$2" || die "etcd: $2 answers no linearizable read"
    did "a write and a read through etcd"
    finish
    return
  fi
  value=$(date -u +%s%N)
  kube "$server" PATCH "/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch?fieldManager=rke-dr-verify" \
    application/merge-patch+json "{\"data\":{\"verified\":\"$value\"}}" >/dev/null || die "API: a write is refused"
  read_back=$(kube "$server" GET "/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch") || true
  grep -q "$value" <<<"$read_back" || die "API: a read doesn't return the write"
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
