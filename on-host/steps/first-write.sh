# needs: lib/beside lib/kube lib/etcd/write
# first-write: writes to the API until a write is acknowledged, and reads it back. The recovery time ends with it.
# The object stays: ConfigMap kube-system/rke-dr-epoch-N records in the cluster itself what happened.
# Without an API the write goes through etcd alone and leaves nothing.
# arguments: SERVER, the URL of this side's own kube-apiserver;  [STEP], the step that recreates it on this host at the same time: the
#   write doesn't wait until kube-apiserver reports ready.  Without an API: etcd, URL of this host's etcd
main() {
  local server=$1 beside=${2:-} read_back
  begin "$@"
  if [[ $server == etcd ]]; then
    through_etcd "$2"
    return
  fi
  [[ -z $beside ]] || await "$beside" marked serving "$beside"
  until_true 120 write "$server" || die "API: $server accepted no write within 120 s; kube-apiserver's log there says why"
  read_back=$(kube "$server" GET "/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch") || true
  grep -q "\"act\": *$(json "$act")" <<<"$read_back" ||
    die "API: the write to kube-system/rke-dr-epoch-$epoch is not what a read returns"
  fact acceptedAt "$(now_ms)"
  did "the API accepts writes: kube-system/rke-dr-epoch-$epoch"
  finish
}

# through_etcd URL: the same through etcd.
through_etcd() {
  until_true 120 etcd_writes "$1" || die "etcd: $1 accepted no write within 120 s; \`journalctl -u etcd\` there says why"
  fact acceptedAt "$(now_ms)"
  serves_epoch
  did "etcd accepts writes: it granted a lease and revoked it"
  finish
}

# write SERVER: true if the API accepts the write.
write() {
  local body
  body="{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"rke-dr-epoch-$epoch\"},\"data\":{\"act\":$(json "$act"),\"at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}}"
  kube "$1" PATCH "/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch?fieldManager=rke-dr&force=true" \
    application/apply-patch+yaml "$body" >/dev/null
}
