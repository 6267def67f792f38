# needs: lib/step runtime
# verify-servers: checks that this host's kube-apiserver uses the survivors' etcd and no other.
# arguments: ETCD_SERVERS
main() {
  local servers=$1 found
  begin "$@"
  found=$(process_command kube-apiserver | grep -e '^--etcd-servers=' | cut -d= -f2-)
  [[ $found == "$servers" ]] || die "kube-apiserver: --etcd-servers is $found, expected $servers"
  did "kube-apiserver's --etcd-servers: $found"
  finish
}
