# snapshot: saves a live snapshot of this host's etcd, which a lone voter gives without quorum, and checks it.
# Where etcd doesn't answer there is none, and the next step copies the whole data folder instead.
main() {
  local file=$aside/snapshot.db
  # the one folder that both the host and the container see
  local shared=/var/lib/etcd/rke-dr-snapshot.db inside=/var/lib/rancher/etcd/rke-dr-snapshot.db
  begin "$@"
  mkdir -p "$aside"
  if [[ -s $file ]]; then
    did "live snapshot kept from an earlier run"
  elif [[ $(container_state etcd) != running ]]; then
    did "no live snapshot: container etcd is $(container_state etcd)"
    finish
    return
  elif ! docker exec etcd etcdctl --command-timeout=600s snapshot save "$inside" >/dev/null 2>"$aside/snapshot.log" </dev/null; then
    did "no live snapshot: $(tail -n 1 "$aside/snapshot.log" | cut -c1-200)"
    finish
    return
  else
    docker exec etcd etcdctl snapshot status "$inside" -w json </dev/null >"$aside/snapshot.json" ||
      die "snapshot: etcdctl can't read what it saved: $shared"
    mv "$shared" "$file.new"
    mv "$file.new" "$file"
  fi
  [[ $(cat "$aside/snapshot.json") =~ \"revision\":([0-9]+) ]] || die "snapshot: no revision in $aside/snapshot.json"
  fact snapshot "$file"
  fact revision "${BASH_REMATCH[1]}"
  fact bytes "$(stat -c %s "$file")"
  did "live snapshot $file: revision ${BASH_REMATCH[1]}, $(stat -c %s "$file") bytes"
  finish
}
