# needs: lib/docker lib/lost-side lib/etcd/data lib/etcd/force
# snapshot: copies what this host's etcd has, by its files, which a voter without quorum doesn't write to, else by a live snapshot, which it
# gives nevertheless, and makes a cluster of one of the copy, by --force-new-cluster in a container without network. The old etcd goes on
# meanwhile, and its data isn't touched: whether the flag works out is known before anything is changed, and the next step only exchanges
# the folders.
# Where no copy can be had, as from data that is written to, the next step forces the data itself.
# Meanwhile the lost hosts are tried once more: time has passed since the operator's guards looked.
# stdin: the body for Docker's POST /containers/create of the container with the flag
# arguments: CERTIFICATE, the name of this member's certificate;  ENDPOINT, where clients of this host reach it;
#   HOST=ADDRESS:PORT ... of the lost hosts
# Sent after lost-side, etcd-election, etcd-space and etcd-force.
main() {
  local certificate=$1 endpoint=$2 why="" how="" index=0 revision=0 before="" take_back=no_copy
  begin "$@"
  shift 2
  mkdir -p "$aside"
  watch_lost_side "$@"
  look "etcd-before-epoch-$epoch"
  if [[ $found != missing ]]; then
    did "the old etcd is set aside already; a copy of its data stays as it was taken"
    finish
    return
  fi
  no_forced_left
  if forced_copy; then
    still_silent "$@"
    printf '%s\n' "$before" >"$aside/copy.new"
    mv "$aside/copy.new" "$aside/copy"
    fact revision "$revision"
    fact bytes "$(stat -c %s "$copy/member/snap/db")"
    did "a copy of etcd's data, by $how, is a cluster of one: $copy, revision $revision, $(stat -c %s "$copy/member/snap/db") bytes"
  else
    no_copy
    did "no copy of etcd's data beforehand: $why"
    still_silent "$@"
  fi
  finish
}

# No failure ends a step by itself where a function is asked for yes or no.
forced_copy() {
  local old said try
  why="this host has no nsenter (util-linux), by which an etcd without network is asked"
  command -v nsenter >/dev/null || return 1
  # what etcd writes at elections that it loses may be cut in a copy
  for try in 1 2; do
    no_copy
    revision=0
    { answers && { files_copied 0 || live_copy; }; } || files_copied 3 || return 1
    old=$revision
    if force "$certificate" https://127.0.0.1:2379 https://127.0.0.1:2380 "$data"; then
      undo_if_failed
      later drop "$forced"
      why="it has revision $revision, the old etcd $old"
      ((revision >= old))
      return
    fi
    said=$why
    drop "$forced"
    undo_if_failed
    sandbox=""
    why="etcd without network: $said"
    [[ -n $damaged ]] || return 1
  done
  no_copy
  # data that etcd itself can't be started from isn't worth to lose the old etcd for
  die "etcd: a copy of its data can't be made a cluster of one: $said; nothing was changed but the survivors' epoch; recover.method: restore, or another source, with the next epoch"
}

# Whether this host's etcd says where it is, for the step that comes next: to ask it again; 1 with $why.
answers() {
  look etcd
  why="container etcd is $found"
  [[ $found == running ]] || return 1
  why="etcd runs and answers nothing, as where it was started without quorum"
  ask_etcd "$endpoint" kube-node || return 1
  before="index $index" why=""
}

# files_copied SECONDS: if the database isn't written to within that time; then etcd has it open at most. What an etcd that answers nothing
# has in it is compared with it later.
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

# The snapshot is the db; what it may lack is in the WAL, most of which is empty: etcd makes its files ahead, 64 MB each (NUMBER.tmp).
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
  # behind its last page a snapshot has the hash of all before, 32 bytes, which `snapshot restore` cuts off, too
  (($(stat -c %s "$db") % 512 != 32)) || truncate -s -32 "$db" || return 1
  logs
}

folders() {
  mkdir -p "$copy"/member/{snap,wal}
  # RKE's etcd may run as another user than root (services.etcd.uid), who owns its folder then
  chown -R --reference=/var/lib/etcd "$copy"
}
logs() {
  local member=/var/lib/etcd/member
  find "$member/wal" -maxdepth 1 -name '*.wal' -exec cp -a --reflink=auto --sparse=always -t "$copy/member/wal" {} + || return 1
  find "$member/snap" -maxdepth 1 -name '*.snap' -exec cp -a --reflink=auto -t "$copy/member/snap" {} + || return 1
  chown -R --reference=/var/lib/etcd "$copy"
}
