# needs: lib/step runtime
# masterleases: removes lost kube-apiservers from the endpoints of the Service `kubernetes`. Each kube-apiserver renews a lease below
# /registry/masterleases; the lease of a dead one keeps its address in the endpoints (kubernetes#86812).
# arguments: ADDRESS ... of the lost control plane hosts
main() {
  local address answer=""
  begin "$@"
  # for a minute, because an etcd may just be starting again
  until_true 60 deleted "$@" || die "etcd: /registry/masterleases/$address can't be deleted: $(tail -n 1 <<<"$answer" | cut -c1-300)"
  for address in "$@"; do did "/registry/masterleases/$address deleted"; done
  finish
}

# deleted ADDRESS ...: true if none of them has a lease any more. Sets $address to the one that still has, and $answer to etcd's.
deleted() {
  for address in "$@"; do
    answer=$(process_etcdctl etcd "" --command-timeout=10s del "/registry/masterleases/$address" 2>&1) || return 1
  done
}
