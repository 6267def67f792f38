# needs: lib/kube
# lost-nodes: deletes the Nodes of the lost hosts: their pods move at once, and `rke up` has no host to remove.
# arguments: SERVER NODE ...
main() {
  local server=$1 node
  begin "$@"
  shift
  for node in "$@"; do delete_node "$server" "$node"; done
  finish
}
