# needs: lib/aside lib/process
# purge: deletes what acts up to an epoch have set aside on this host: stopped containers, etcd's data, snapshots, old files of a deploy
# host. The records of the acts stay: plans, logs, results of steps, descriptions of containers.
# arguments: EPOCH, the newest epoch whose things are deleted
main() {
  local newest=$1 name file number bytes freed=0 processes=() restarting=() left=()
  begin "$@"
  process_names >/dev/null || die "the runtime doesn't list its processes; nothing was deleted"
  while read -r number name; do
    # an unknown epoch counts as the newest
    [[ $number != unknown ]] || number=$epoch
    ((number <= newest)) || continue
    process_status "$name"
    [[ $status != running ]] || die "purge: container $name runs; nothing of it was deleted"
    processes+=("$name")
    # plans need the container's description when the container is gone; the run that set it aside may have been killed before it kept one
    [[ ! $name =~ -before-epoch-[0-9]+$ || -s $state/epoch-$number/$name.$kept_as ]] || process_keep_description "$name" "$name" "$state/epoch-$number"
    # docker refuses to delete a container that it is about to restart
    [[ $status != restarting ]] || restarting+=("$name")
  done < <(aside_processes)
  if ((${#restarting[@]} > 0)); then
    time_limit=60 process_stop 1 "${restarting[@]}"
  fi
  if ((${#processes[@]} > 0)); then
    process_delete "${processes[@]}"
    did "containers deleted: ${processes[*]}"
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
