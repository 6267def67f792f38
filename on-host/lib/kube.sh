# needs: lib/step
# For steps that speak to the API: this side's own kube-apiserver, as kube-admin, from the deploy host.
# shellcheck shell=bash
certs=/etc/rke-dr/certs
# kube SERVER METHOD PATH [CONTENT-TYPE BODY]: prints the body, returns 0 for 2xx, 4 for 404, else 1.
kube() {
  local answer code
  answer=$(printf '%s' "${5:-}" | curl -sS --max-time 10 --cacert $certs/kube-ca.pem --cert $certs/kube-admin.pem \
    --key $certs/kube-admin-key.pem -X "$2" ${4:+-H "Content-Type: $4" --data-binary @-} -w '\n%{http_code}' "$1$3" 2>&1) || {
    printf '%s' "${answer%%$'\n'*}"
    return 1
  }
  code=${answer##*$'\n'}
  printf '%s' "${answer%$'\n'*}"
  case $code in
    2??) ;;
    404) return 4 ;;
    *) return 1 ;;
  esac
}
# delete_node SERVER NODE: an API server that has just come back may leave a request unanswered: it is asked for again, for a minute.
delete_node() {
  local answer="" status=""
  until_true 60 node_deleted "$@" || die "API: Node $2 can't be deleted: ${answer:0:300}"
  case $status in
    0) did "Node $2 deleted" ;;
    4) did "Node $2 was gone already" ;;
  esac
}
node_deleted() {
  status=0
  answer=$(kube "$1" DELETE "/api/v1/nodes/$2") || status=$?
  ((status == 0 || status == 4))
}
