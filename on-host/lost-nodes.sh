# lost-nodes: deletes the Nodes of the lost hosts, so that their pods move at once and `rke up` finds nothing to remove.
# An API server that has just come back may leave a request unanswered: each is asked for again, for a minute.
# arguments: SERVER NODE ...
main() {
  local server=$1 node answer="" status=""
  begin "$@"
  shift
  for node in "$@"; do
    until_true 60 deleted "$server" "$node" || die "API: Node $node can't be deleted: ${answer:0:300}"
    case $status in
      0) did "Node $node deleted" ;;
      4) did "Node $node was gone already" ;;
    esac
  done
  finish
}

deleted() {
  status=0
  answer=$(kube "$1" DELETE "/api/v1/nodes/$2") || status=$?
  ((status == 0 || status == 4))
}
