# needs: lib/step installer
# Asks this side's own kube-apiserver, from the deploy host, as the cluster's admin. SERVER is always its URL.
# shellcheck shell=bash

# kube SERVER METHOD PATH [CONTENT-TYPE BODY]: prints the body of the answer; returns 0 for 2xx, 4 for 404, else 1.
kube() {
  local answer code tls_ca tls_cert tls_key
  admin_tls
  answer=$(printf '%s' "${5:-}" | curl -sS --max-time 10 --cacert "$tls_ca" --cert "$tls_cert" \
    --key "$tls_key" -X "$2" ${4:+-H "Content-Type: $4" --data-binary @-} -w '\n%{http_code}' "$1$3" 2>&1) || {
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

# delete_node SERVER NODE: tries for a minute, because a kube-apiserver that has just come back may leave a request unanswered.
delete_node() {
  local answer="" result=""
  until_true 60 kube_or_missing "$1" DELETE "/api/v1/nodes/$2" || die "API: Node $2 can't be deleted: ${answer:0:300}"
  case $result in
    0) did "Node $2 deleted" ;;
    4) did "Node $2 was gone already" ;;
  esac
}
# kube_or_missing SERVER METHOD PATH ...: true if the API has answered, also that there is no such thing. Sets $answer and $result, as kube gives them.
kube_or_missing() {
  result=0
  answer=$(kube "$@") || result=$?
  ((result == 0 || result == 4))
}

# node_ready SERVER NODE: true if the Node's condition Ready is true.
node_ready() {
  local answer
  answer=$(kube "$1" GET "/api/v1/nodes/$2") || return 1
  ready "$(tr -d ' \n' <<<"$answer")"
}
# ready NODE-JSON: the same of a Node's JSON without spaces.
ready() { grep -o '{[^{}]*"type":"Ready"[^{}]*}' <<<"$1" | grep -q '"status":"True"'; }
