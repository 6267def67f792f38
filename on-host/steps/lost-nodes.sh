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

# keep_node SERVER NODE: writes the Node down, if it is there and this act hasn't deleted it before: a kubelet that is alive registers itself again, without
# the labels and taints that this file is for. To delete it matters more: a kept Node is of use to a failback alone.
keep_node() {
  local answer="" result="" file=$aside/nodes/$2.json
  if [[ -s $file ]]; then
    say "Node $2 stays written down as this act first found it: $file"
    return
  fi
  until_true 20 kube_or_missing "$1" GET "/api/v1/nodes/$2?pretty=false" || say "Node $2 can't be written down before it is deleted: ${answer:0:300}"
  [[ $result == 0 ]] || return 0
  mkdir -p "$aside/nodes"
  printf '%s\n' "$answer" >"$file.new"
  put_new "$file"
}
