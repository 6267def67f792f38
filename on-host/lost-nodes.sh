# lost-nodes: deletes the Nodes of the lost hosts, so that their pods move at once and `rke up` finds nothing to remove.
# arguments: SERVER NODE ...
main() {
  local server=$1 node answer status
  begin "$@"
  shift
  for node in "$@"; do
    status=0
    answer=$(kube "$server" DELETE "/api/v1/nodes/$node") || status=$?
    case $status in
      0) did "Node $node deleted" ;;
      4) did "Node $node was gone already" ;;
      *) die "API: Node $node can't be deleted: ${answer:0:300}" ;;
    esac
  done
  finish
}
