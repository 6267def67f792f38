# snapshot: saves a live snapshot of this host's etcd, which a lone voter gives without quorum, and checks it.
# Where etcd doesn't answer there is none, and the next step copies the whole data folder instead.
# Meanwhile the lost hosts are tried once more: time has passed since the operator's guards looked.
# arguments: HOST=ADDRESS:PORT ... of the lost hosts
main() {
  local file=$aside/snapshot.db
  # the one folder that both the host and the container see
  local shared=/var/lib/etcd/rke-dr-snapshot.db inside=/var/lib/rancher/etcd/rke-dr-snapshot.db
  begin "$@"
  mkdir -p "$aside"
  watch_lost_side "$@"
  look "etcd-before-epoch-$epoch"
  local aside_already=$found
  look etcd
  if [[ $aside_already != missing ]]; then
    did "the old etcd is set aside already; its snapshot stays as it was taken"
    [[ -s $file ]] || {
      finish
      return
    }
  elif [[ $found != running ]]; then
    did "no live snapshot: container etcd is $found"
    still_silent "$@"
    finish
    return
  elif ! etcd_answers; then
    did "no live snapshot: etcd runs and answers nothing, as where it was started without quorum"
    still_silent "$@"
    finish
    return
  elif rm -f "$shared"* && ! docker exec etcd etcdctl --command-timeout=600s snapshot save "$inside" >/dev/null 2>"$aside/snapshot.log" </dev/null; then
    rm -f "$shared"*
    did "no live snapshot: $(tail -n 1 "$aside/snapshot.log" | cut -c1-200)"
    still_silent "$@"
    finish
    return
  else
    docker exec etcd etcdctl snapshot status "$inside" -w json </dev/null >"$aside/snapshot.json" ||
      die "snapshot: etcdctl can't read what it saved: $shared"
    still_silent "$@"
    mv "$shared" "$file.new"
    mv "$file.new" "$file"
  fi
  [[ $(cat "$aside/snapshot.json") =~ \"revision\":([0-9]+) ]] || die "snapshot: no revision in $aside/snapshot.json"
  fact snapshot "$file"
  kept_aside "$file"
  fact revision "${BASH_REMATCH[1]}"
  fact bytes "$(stat -c %s "$file")"
  did "live snapshot $file: revision ${BASH_REMATCH[1]}, $(stat -c %s "$file") bytes"
  finish
}
