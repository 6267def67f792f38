# needs: lib/kube
# etcd-role: removes the label of the role etcd from a Node whose host doesn't run etcd any more. `rke up` adds role labels, and removes one
# only from a host that had this role in RKE's state.
# arguments: SERVER NODE
main() {
  local server=$1 node=$2 answer
  begin "$@"
  answer=$(kube "$server" PATCH "/api/v1/nodes/$node" application/merge-patch+json \
    '{"metadata":{"labels":{"node-role.kubernetes.io/etcd":null}}}') ||
    die "API: the label can't be taken from Node $node: ${answer:0:300}"
  did "Node $node has no label node-role.kubernetes.io/etcd"
  finish
}
