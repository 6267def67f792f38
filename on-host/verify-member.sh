# verify-member: etcd's members are the survivors, and --force-new-cluster is nowhere left.
# arguments: MEMBERS, the names that `member list` must give, sorted, separated by commas;  ETCD_SERVERS of kube-apiserver
main() {
  local members=$1 servers=$2 found
  begin "$@"
  found=$(docker exec etcd etcdctl --command-timeout=10s member list </dev/null | awk -F', ' '{print $3}' | sort | paste -sd,)
  [[ $found == "$members" ]] || die "etcd: the members are $found, expected $members"
  did "etcd members: $found"
  # stopped ones, too: they could be started
  found=$(docker ps -a --no-trunc --format '{{.Names}} {{.Command}}' </dev/null)
  found=$(grep -e --force-new-cluster <<<"$found" || true)
  [[ -z $found ]] || die "etcd: a container has --force-new-cluster: ${found:0:200}"
  did "no --force-new-cluster left"
  found=$(docker inspect --format '{{.Config.Entrypoint}}' kube-apiserver </dev/null | grep -o -- '--etcd-servers=[^ ]*' | cut -d= -f2-)
  [[ $found == "$servers" ]] || die "kube-apiserver: --etcd-servers is $found, expected $servers"
  did "kube-apiserver's --etcd-servers: $found"
  finish
}
