# needs: lib/kube
# etcd-role: takes the label of the role etcd from a Node whose host has etcd no more. `rke up` gives roles and takes none from
# a host that it doesn't know to have had them.
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
