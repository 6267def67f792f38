# needs: lib/kube
# verify-nodes: waits until every host is a ready Node with exactly its roles, and its datacenter's label if the installer gives one.
# arguments: SERVER, then NODE=[DATACENTER]=[ROLE[,ROLE ...]] ...
main() {
  local server=$1 node zone roles wanted=("${@:2}") lacking=""
  begin "$@"
  until_true 180 nodes_are_back "$server" "${wanted[@]}" || die "Nodes: $lacking"
  for node in "${wanted[@]}"; do
    IFS='=' read -r node zone roles <<<"$node"
    did "Node $node is ready${zone:+, zone $zone}, roles ${roles:-none}"
  done
  finish
}

# nodes_are_back SERVER NODE=DATACENTER=ROLES ...: returns 1 and sets $lacking to what is missing, in words.
nodes_are_back() {
  local server=$1 item node zone role roles answer
  shift
  for item in "$@"; do
    IFS='=' read -r node zone roles <<<"$item"
    answer=$(kube "$server" GET "/api/v1/nodes/$node") || {
      lacking="$node is missing"
      return 1
    }
    # the API may indent its JSON
    answer=$(tr -d ' \n' <<<"$answer")
    ready "$answer" || {
      lacking="$node is not ready"
      return 1
    }
    [[ -z $zone || $answer == *"\"topology.kubernetes.io/zone\":\"$zone\""* ]] || {
      lacking="$node has no label topology.kubernetes.io/zone=$zone"
      return 1
    }
    for role in "${node_roles[@]}"; do
      if [[ ",$roles," == *",$role,"* && $answer != *"\"node-role.kubernetes.io/$role\":\"$node_role_value\""* ]]; then
        lacking="$node has no label node-role.kubernetes.io/$role"
        return 1
      elif [[ ",$roles," != *",$role,"* && $answer == *"\"node-role.kubernetes.io/$role\":\""* ]]; then
        lacking="$node has the label node-role.kubernetes.io/$role, and not the role"
        return 1
      fi
    done
  done
}
