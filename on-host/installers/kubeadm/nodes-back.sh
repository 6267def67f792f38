# needs: lib/kube
# nodes-back: gives the returned hosts their Nodes back, with the labels, taints and annotations that they had when the failover deleted them. The
# kubelet of a control plane host sets neither kubeadm's label nor its taint when it registers: kubeadm does so, once, when the host joins. This comes
# before the kubelets can register, so that no pod lands on a host that had a taint. Status, pod network and ID are made anew.
# arguments: SERVER, FROM (the failover's epoch, under which step lost-nodes has kept the Nodes), then ROLE=NODE ...; ROLE is control-plane or worker
main() {
  local server=$1 from=$2 item
  begin "$@"
  for item in "${@:3}"; do
    node_back "$server" "$state/epoch-$from/nodes/${item#*=}.json" "${item%%=*}" "${item#*=}"
  done
  finish
}

# node_back SERVER FILE ROLE NODE
node_back() {
  local kept answer="" result=0 control_plane=node-role.kubernetes.io/control-plane
  if [[ -s $2 ]]; then
    kept=$(kept_node <"$2")
  elif [[ $3 == control-plane ]]; then
    say "Node $4: $2 isn't there, so it gets kubeadm's own label and taint"
    kept="{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"$4\",\"labels\":{\"$control_plane\":\"\",\"node.kubernetes.io/exclude-from-external-load-balancers\":\"\"}},\"spec\":{\"taints\":[{\"key\":\"$control_plane\",\"effect\":\"NoSchedule\"}]}}"
  else
    did "Node $4: the failover kept nothing of it; its kubelet registers it"
    return
  fi
  until_true 60 node_given "$1" "$4" "$kept" || die "API: Node $4 can't be given back: ${answer:0:300}"
  did "Node $4 is back$([[ $result == there ]] && echo ": it was there, and got its labels and taints" || echo ", as it was")"
}

# node_given SERVER NODE JSON: makes the Node, or gives it the labels and taints if it is there. Sets $answer and $result.
node_given() {
  local labels taints body
  result=made
  ! answer=$(kube "$1" POST /api/v1/nodes application/json "$3") || return 0
  [[ $answer == *AlreadyExists* ]] || return 1
  result=there
  # neither names nor values of labels, nor taints, have brackets (apimachinery, validation of qualified names)
  labels=$(grep -o '"labels":{[^}]*}' <<<"$3" | head -n 1) || true
  taints=$(grep -o '"taints":\[[^]]*\]' <<<"$3" | head -n 1) || true
  printf -v body '{"metadata":{%s},"spec":{%s}}' "$labels" "$taints"
  answer=$(kube "$1" PATCH "/api/v1/nodes/$2?fieldManager=rke-dr" application/merge-patch+json "$body")
}

# kept_node <JSON: prints a Node without what must not or need not come back: its version and ID, its pod network, which may be another Node's by now,
# the taints of a Node that doesn't answer, and its status. The API writes it in one line, names in a fixed order.
kept_node() {
  local away='"key":"node\.kubernetes\.io\/(unreachable|not-ready)"'
  sed -E -e 's/,"status":\{.*$/}/' -e 's/"(uid|resourceVersion)":"[^"]*",//g' \
    -e 's/"podCIDR":"[^"]*","podCIDRs":\[[^]]*\],?//' -e "s/,\{${away}[^}]*\}//g" -e "s/\[\{${away}[^}]*\},?/[/"
}
