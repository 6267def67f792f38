# needs: lib/docker lib/lost-side lib/etcd/data lib/etcd/force
# snapshot: makes a copy of this etcd's data, and makes the copy a cluster of one by --force-new-cluster, in a container without network. The
# old etcd goes on meanwhile, and its data isn't touched: so it is known whether the flag works before anything is changed, and the next
# step only exchanges the folders. The copy is made of etcd's files, which a voter without quorum doesn't write to; if it does, by a live
# snapshot, which such a voter can still give. If no copy can be made, the next step forces the data itself.
# Meanwhile the lost hosts are asked once more: time has passed since the guards asked.
# arguments: CERTIFICATE, the name of this member's certificate;  ENDPOINT, its client URL as this host reaches it;
#   HOST=ADDRESS:PORT ... of the lost hosts
# stdin: the body for Docker's POST /containers/create of the container with the flag
main() {
  local certificate=$1 endpoint=$2 why="" how="" index=0 revision=0 before=""
  begin "$@"
  shift 2
  mkdir -p "$aside"
  watch_lost_side "$@"
  container_status "etcd-before-epoch-$epoch"
  if [[ $status != missing ]]; then
    did "the old etcd is set aside already; a copy of its data stays as it was taken"
    finish
    return
  fi
  no_forced_left
  if forced_copy "$certificate" "$endpoint"; then
    still_silent no_copy "$@"
    printf '%s\n' "$before" >"$aside/copy.new"
    mv "$aside/copy.new" "$aside/copy"
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
# time (see answers, files_copied). On failure it returns 1 and sets $why.
# `set -e` is off inside, because it is called from `if`: every failure is handled by hand.
forced_copy() {
  local certificate=$1 endpoint=$2 old reason _try
  why="this host has no nsenter (util-linux), and an etcd without network can only be asked by that"
  command -v nsenter >/dev/null || return 1
  # twice: etcd without quorum still writes at each election, and the copy may have been made in the middle of that
  for _try in 1 2; do
    no_copy
    revision=0
    { answers "$endpoint" && { files_copied 0 || live_copy; }; } || files_copied 3 || return 1
    old=$revision
    if force "$certificate" https://127.0.0.1:2379 https://127.0.0.1:2380 "$data"; then
      undo_if_failed
      in_background drop "$forced"
      why="it has revision $revision, the old etcd $old"
      ((revision >= old))
      return
    fi
    reason=$why
    drop "$forced"
    undo_if_failed
    ask_within
    why="etcd without network: $reason"
    [[ -n $damaged ]] || return 1
  done
  no_copy
  # the next step would stop the old etcd, and then find that no etcd starts from this data
  die "etcd: a copy of its data can't be made a cluster of one: $reason; nothing was changed but the survivors' epoch; recover.method: restore, or another source, with the next epoch"
}

# answers ENDPOINT: sets $before to the index that this host's etcd has committed, and $revision; the next step compares $before with the index then.
# If etcd doesn't answer it returns 1 and sets $why.
answers() {
  container_status etcd
  why="container etcd is $status"
  [[ $status == running ]] || return 1
  why="etcd runs and answers nothing, as where it was started without quorum"
  ask_etcd "$1" kube-node || return 1
  before="index $index" why=""
}

# files_copied SECONDS: copies etcd's files, if within SECONDS there is a moment at which the database isn't being written to. Sets $how. If
# etcd didn't answer before ($why says so), it sets $before to the time and size of the database, which the next step compares.
# On failure it returns 1 and sets $why.
files_copied() {
  local reason=$why and=${why:+$why, and } written
  no_copy
  why="${and}/var/lib/etcd/member/snap/db is missing or written to"
  until_true "$1" database_idle || return 1
  written=$(database_written)
  [[ -z $reason ]] || before="written $written"
  how="its files${reason:+ ($reason)}"
  folders
  why="${and}its files can't be copied"
  cp -a --reflink=auto --sparse=always /var/lib/etcd/member/snap/db "$copy/member/snap/db" || return 1
  logs || return 1
  why="${and}its database was written to meanwhile"
  [[ $written == "$(database_written)" ]]
}

# live_copy: copies by a live snapshot, which becomes the database; entries that it lacks are in the WAL's files. (Files *.tmp of the WAL are left
# out: etcd makes them ahead, 64 MB each, and they are empty.) Sets $how; on failure it returns 1 and sets $why.
live_copy() {
  local db=$copy/member/snap/db
  no_copy
  how="a live snapshot"
  folders
  if ! docker exec etcd etcdctl --command-timeout=600s snapshot save "/var/lib/rancher/etcd/${copy##*/}/member/snap/db" >/dev/null 2>"$aside/snapshot.log" </dev/null; then
    why="no live snapshot: $(tail -n 1 "$aside/snapshot.log" | cut -c1-200)"
    return 1
  fi
  why="the live snapshot can't be kept"
  # a snapshot has a hash of 32 bytes behind its last page, which a database doesn't have; `snapshot restore` cuts it off, too
  (($(stat -c %s "$db") % 512 != 32)) || truncate -s -32 "$db" || return 1
  logs
}

# folders: makes the folders of the copy.
folders() {
  mkdir -p "$copy"/member/{snap,wal}
  # RKE's etcd may run as another user than root (services.etcd.uid), to whom the folder belongs then
  chown -R --reference=/var/lib/etcd "$copy"
}

# logs: copies the WAL and raft's snapshots.
logs() {
  local member=/var/lib/etcd/member
  find "$member/wal" -maxdepth 1 -name '*.wal' -exec cp -a --reflink=auto --sparse=always -t "$copy/member/wal" {} + || return 1
  find "$member/snap" -maxdepth 1 -name '*.snap' -exec cp -a --reflink=auto -t "$copy/member/snap" {} + || return 1
  chown -R --reference=/var/lib/etcd "$copy"
}
