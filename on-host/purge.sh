# purge: deletes what acts up to an epoch have set aside on this host: containers that are stopped, etcd's data, snapshots,
# old files of a deploy host. What says what was done (plans, logs, steps, descriptions of containers) stays.
# arguments: EPOCH, the newest whose things go
main() {
  local newest=$1 name folder file number bytes freed=0 containers=()
  begin "$@"
  while IFS= read -r name; do
    [[ $name =~ -before-epoch-([0-9]+)(-[0-9]+)?$ || $name =~ -before-join-()[0-9TZ]+$ ]] || continue
    number=${BASH_REMATCH[1]:-0}
    ((number <= newest)) || continue
    look "$name"
    [[ $found != running ]] || die "purge: container $name runs; nothing of it was deleted"
    containers+=("$name")
  done < <(docker ps -a --format '{{.Names}}' </dev/null)
  if ((${#containers[@]} > 0)); then
    docker rm "${containers[@]}" >/dev/null </dev/null
    did "containers deleted: ${containers[*]}"
  fi
  for folder in "$state"/epoch-* /var/lib/etcd/rke-dr-epoch-*; do
    number=${folder##*epoch-}
    if [[ ! -d $folder || ! $number =~ ^[0-9]+$ ]] || ((number > newest)); then continue; fi
    for file in "$folder"/data "$folder"/data.new "$folder"/etcd-data* "$folder"/snapshot.db*; do
      [[ -e $file ]] || continue
      bytes=$(du -sb "$file" | cut -f1)
      rm -rf "$file"
      freed=$((freed + bytes))
      did "$file deleted, $bytes bytes"
    done
  done
  for file in /etc/rke-dr/*.before-epoch-*; do
    number=${file##*.before-epoch-}
    if [[ ! -f $file || ! $number =~ ^[0-9]+$ ]] || ((number > newest)); then continue; fi
    rm -f "$file"
    did "$file deleted"
  done
  fact freedBytes "$freed"
  did "of what epochs up to $newest set aside nothing is left; $freed bytes freed"
  finish
}
