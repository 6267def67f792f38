# needs: lib/aside lib/docker
# purge: deletes what acts up to an epoch have set aside on this host: containers that are stopped, etcd's data, snapshots,
# old files of a deploy host. What says what was done (plans, logs, steps, descriptions of containers) stays.
# Sent after aside.
# arguments: EPOCH, the newest whose things go
main() {
  local newest=$1 name file number bytes freed=0 containers=() restarting=() left=()
  begin "$@"
  docker ps -q >/dev/null </dev/null || die "docker: doesn't list its containers; nothing was deleted"
  while read -r number name; do
    # of an epoch that nothing tells it may be the newest
    [[ $number != unknown ]] || number=$epoch
    ((number <= newest)) || continue
    look "$name"
    [[ $found != running ]] || die "purge: container $name runs; nothing of it was deleted"
    containers+=("$name")
    # a plan goes by it when the container is gone; a run that was killed may not have got to it
    [[ ! $name =~ -before-epoch-[0-9]+$ || -s $state/epoch-$number/$name.container ]] || aside=$state/epoch-$number keep_description "$name" "$name"
    # docker may take it for one that it is about to start again
    [[ $found != restarting ]] || restarting+=("$name")
  done < <(aside_containers)
  if ((${#restarting[@]} > 0)); then
    timeout 60 docker stop -t 1 "${restarting[@]}" >/dev/null </dev/null
  fi
  if ((${#containers[@]} > 0)); then
    docker rm "${containers[@]}" >/dev/null </dev/null
    did "containers deleted: ${containers[*]}"
  fi
  while read -r number bytes file; do
    ((number <= newest)) || continue
    rm -rf "$file"
    freed=$((freed + bytes))
    did "$file deleted, $bytes bytes"
  done < <(aside_files)
  for file in "$state"/epoch-*/data; do
    number=${file%/data} && number=${number##*/epoch-}
    if [[ ! -L $file || ! $number =~ ^[0-9]+$ ]] || ((number > newest)); then continue; fi
    if [[ -e $file ]]; then
      left+=("$(readlink "$file")")
    else
      rm "$file"
    fi
  done
  fact freedBytes "$freed"
  if ((${#left[@]} > 0)); then
    did "not deleted, since somebody put it where no act does: ${left[*]}"
  else
    did "of what epochs up to $newest set aside nothing is left"
  fi
  did "$freed bytes freed"
  finish
}
