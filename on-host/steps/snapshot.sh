# needs: lib/process lib/lost-side lib/etcd/data lib/etcd/force lib/etcd/copy
# snapshot: makes a copy of this etcd's data, and makes the copy a cluster of one by --force-new-cluster, in a container without network. The
# old etcd goes on meanwhile, and its data isn't touched: so it is known whether the flag works before anything is changed, and the next
# step only exchanges the folders. The copy is made of etcd's files, which a voter without quorum doesn't write to; if it does, by a live
# snapshot, which such a voter can still give. If no copy can be tried, the next step forces the data itself. But what the trial shows of the data
# (a panic, a second member that stays, a lower revision) ends the act here: the next step would meet the same.
# Meanwhile the lost hosts are asked once more: time has passed since the guards asked.
# arguments: CERTIFICATE, the name of this member's certificate;  ENDPOINT, its client URL as this host reaches it;
#   HOST=ADDRESS:PORT ... of the lost hosts
# stdin: the body for process_create of the container with the flag
main() {
  local certificate=$1 endpoint=$2 why="" how="" index=0 revision=0 before=""
  begin "$@"
  shift 2
  mkdir -p "$aside"
  watch_lost_side "$@"
  process_status "etcd-before-epoch-$epoch"
  if [[ $status != missing ]]; then
    did "the old etcd is set aside already; a copy of its data stays as it was taken"
    finish
    return
  fi
  no_forced_left
  if forced_copy "$certificate" "$endpoint"; then
    still_silent no_copy "$@"
    printf '%s\n' "$before" >"$aside/copy.new"
    put_new "$aside/copy"
    fact revision "$revision"
    fact bytes "$(stat -c %s "$copy/member/snap/db")"
    did "a copy of etcd's data, by $how, is a cluster of one: $copy, revision $revision, $(stat -c %s "$copy/member/snap/db") bytes"
  else
    no_copy
    did "no copy of etcd's data beforehand: $why"
    still_silent no_copy "$@"
  fi
  finish
}

# forced_copy CERTIFICATE ENDPOINT: makes the copy and forces it. Sets $revision, $how it was copied, and $before, the old etcd's state at the
# time (see answers, files_copied). If no copy can be tried it returns 1 and sets $why; if the trial fails twice for the data it ends the step.
# `set -e` is off inside, because it is called from `if`: every failure is handled by hand.
forced_copy() {
  local certificate=$1 endpoint=$2 old reason _try
  why="this host has no nsenter (util-linux), and an etcd without network can only be asked by that"
  command -v nsenter >/dev/null || return 1
  # twice: etcd without quorum still writes at each election, and the copy may have been made in the middle of that
  for _try in 1 2; do
    no_copy
    revision=0
    copied "$endpoint" || return 1
    old=$revision
    if force_whole "$copy/member/wal" "$certificate" https://127.0.0.1:2379 https://127.0.0.1:2380 "$data"; then
      undo_if_failed
      if ((revision >= old)); then
        in_background drop "$forced"
        return
      fi
      why="it has revision $revision, the old etcd $old"
      damaged=yes
    fi
    reason=$why
    drop "$forced"
    undo_if_failed
    ask_within
    why="etcd without network: $reason"
    [[ -n $damaged ]] || return 1
  done
  no_copy
  die "etcd: its data must become a cluster of one by --force-new-cluster, which was tried on a copy: $reason; nothing was changed but the survivors' epoch. Restore the data instead: $(next_epoch method restore)"
}
