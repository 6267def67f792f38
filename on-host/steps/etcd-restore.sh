# needs: lib/beside lib/process installer lib/isolation lib/next-epoch lib/etcd/space lib/etcd/restore
# etcd-restore: puts the cluster of one that step source has restored in the old etcd's place, and leaves it running as RKE would, isolated
# from the lost side. If the restored data is missing or out of date, it is restored here, from the snapshot that step source secured, else
# from the old data. The old container is set aside, and the old data as a whole by a rename; nothing is deleted.
# stdin: the body for process_create
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health;  IMAGE, etcd's;
#   MEMBER and PEER_URL, as RKE names them;  TOKEN, the new cluster's;  BUMP, by how much the revision is put ahead;
#   ADDRESS ... of the lost hosts, which this host refuses from now on
main() {
  local certificate=$1 health=$2 image=$3 member=$4 peer=$5 token=$6 bump=$7 how="" why="" ahead=0 old=etcd-before-epoch-$epoch
  begin "$@"
  shift 7
  process_status "$old"
  local aside_already=$status
  [[ $aside_already != missing || -e $aside/restored || -e $aside/data ]] || await source finished source
  no_restore_left
  # before the new etcd listens; and if this host can't refuse addresses, the step fails while the old etcd still runs
  isolate "$@"
  no_way_back
  runtime_hold
  mark_stopping
  if [[ ! -e $aside/restored ]]; then
    old_etcd_aside "$old" "$aside_already"
    # etcd may have written to it until it was stopped
    [[ -s $aside/snapshot.db || ! -d $restored || -e $aside/data ]] || database_unchanged || {
      rm -rf "$restored"
      did "the database was written to after it was read; it is restored anew"
    }
    etcd_data_aside
  fi
  mark_stopped
  if [[ ! -e $aside/restored ]]; then
    new_data "$image" "$member" "$peer" "$token" "$bump"
  fi
  new_data_is_there
  if [[ ! -e $aside/restored ]]; then
    sync_folder /var/lib/etcd
    printf '%s\n' "$token" >"$aside/restored.new"
    put_new "$aside/restored"
    sync_folder "$aside"
    fact token "$token"
  fi
  process_status etcd
  if [[ $status == missing ]]; then
    process_create etcd "$data"
  fi
  process_start etcd
  runtime_release ${etcd_dependents[@]+"${etcd_dependents[@]}"}
  until_healthy 60 etcd "$health" "$certificate" "${health%:*}:2380" ||
    die "etcd: $(unhealthy 60); or take another source (NAME): $(next_epoch from NAME)"
  did "etcd runs with $made_by's own arguments, a new cluster of one, healthy"
  fact "container" "$(process_id etcd)"
  finish
}

# old_etcd_aside OLD-NAME STATUS: sets the container etcd aside under OLD-NAME; STATUS is that of a container of this name beforehand. It gets a
# grace period only if the database is still needed and has changed since it was read: then etcd must write out what it has in memory.
# Else it gets none: without quorum etcd would only wait for requests that can't be answered.
old_etcd_aside() {
  local old=$1 aside_already=$2 grace=0
  [[ -s $aside/snapshot.db ]] || database_unchanged || grace=60
  process_status etcd
  if [[ $aside_already != missing && $status != missing ]]; then
    die "etcd: container etcd is there although $old is: somebody else has made it since; stop it and rename it, then run again"
  fi
  if [[ $status != missing ]]; then
    set_process_aside etcd "$old" "$grace"
  fi
}

# new_data IMAGE MEMBER PEER_URL TOKEN BUMP: puts the restored data into /var/lib/etcd/member; if there is none it restores now.
new_data() {
  local source=$aside/snapshot.db
  [[ -s $source ]] || source=$(readlink -f "$aside/data")/member/snap/db
  if [[ ! -e /var/lib/etcd/member ]]; then
    if [[ ! -d $restored ]]; then
      restore "$source" "$@" || die "source: $why"
      did "restored from $source as $how"
    fi
    mv "$restored/member" /var/lib/etcd/member
    rmdir "$restored"
  fi
  did "the restored data is in /var/lib/etcd/member"
}
