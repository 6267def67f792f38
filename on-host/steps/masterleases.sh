# needs: lib/step
# masterleases: takes lost API servers out of the endpoints of the `kubernetes` Service. Each API server renews a lease
# below /registry/masterleases; a dead one's keeps its address in the list (kubernetes#86812).
# arguments: ADDRESS ...
main() {
  local address
  begin "$@"
  for address in "$@"; do
    docker exec etcd etcdctl --command-timeout=10s del "/registry/masterleases/$address" >/dev/null </dev/null ||
      die "etcd: /registry/masterleases/$address can't be deleted"
    did "/registry/masterleases/$address deleted"
  done
  finish
}
