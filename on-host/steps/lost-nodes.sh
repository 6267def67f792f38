# needs: lib/kube
# lost-nodes: deletes the Nodes of the lost hosts: their pods move at once, and `rke up` has no host to remove. Each is written to epoch-N/nodes before,
# as the API has it: kubeadm keeps the labels and taints of a Node nowhere else.
# arguments: SERVER NODE ...
main() {
  local server=$1 node
  begin "$@"
  shift
  for node in "$@"; do
    keep_node "$server" "$node"
    delete_node "$server" "$node"
  done
  finish
}

# keep_node SERVER NODE: writes the Node down, if it is there. To delete it matters more: a kept Node is of use to a failback alone.
keep_node() {
  local found="" result=""
  until_true 20 node_found "$@" || say "Node $2 can't be written down before it is deleted: ${found:0:300}"
  [[ $result == 0 ]] || return 0
  mkdir -p "$aside/nodes"
  printf '%s\n' "$found" >"$aside/nodes/$2.json.new"
  mv "$aside/nodes/$2.json.new" "$aside/nodes/$2.json"
}
# node_found SERVER NODE: true if the API says that it is there, or that it isn't. Sets $found and $result, as kube gives them.
node_found() {
  result=0
  found=$(kube "$1" GET "/api/v1/nodes/$2?pretty=false") || result=$?
  ((result == 0 || result == 4))
}
