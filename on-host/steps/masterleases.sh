# needs: lib/step runtime
# masterleases: removes lost kube-apiservers from the endpoints of the Service `kubernetes`. Each kube-apiserver renews a lease below
# /registry/masterleases; the lease of a dead one keeps its address in the endpoints (kubernetes#86812).
# arguments: ADDRESS ... of the lost control plane hosts
main() {
  local address
  begin "$@"
  for address in "$@"; do
    process_etcdctl etcd "" --command-timeout=10s del "/registry/masterleases/$address" >/dev/null ||
      die "etcd: /registry/masterleases/$address can't be deleted"
    did "/registry/masterleases/$address deleted"
  done
  finish
}
