# needs: lib/beside lib/files lib/etcd/commit lib/etcd/force
# etcd-member: makes this host's voter a cluster of one, and leaves it running as RKE would. It uses the copy that step snapshot has forced;
# if there is none, --force-new-cluster works on the data itself.
# The old container and its data are set aside, never deleted; if the data itself is forced, a copy of it is kept, and comes back with the old etcd
# if force fails.
# arguments: CERTIFICATE, the name of this member's certificate;  ENDPOINT, its client URL as this host reaches it
# stdin: two lines, bodies for process_create: the one with the flag, then the final one
main() {
  local certificate=$1 endpoint=$2 peer=${2%:*}:2380 old=etcd-before-epoch-$epoch why="" index=0 revision=0 body_forced body_final
  begin "$@"
  { read -r body_forced && read -r body_final; } <<<"$data"

  # only once: a container etcd that is there although the old one is set aside was made by RKE since then, and stays
  process_status "$old"
  local aside_already=$status
  if [[ $aside_already == missing && ! -e $aside/forced && ! -e $aside/data ]]; then
    await snapshot finished snapshot
    copy_holds "$endpoint" || { no_copy && wal_can_be_kept; }
  fi
  no_way_back
  runtime_hold
  no_forced_left
  process_status etcd
  mark_stopping
  if [[ ! -e $aside/forced && $aside_already == missing && $status != missing ]]; then
    # no grace: without quorum etcd would only wait for requests that can't be answered; everything committed is in the WAL
    set_process_aside etcd "$old" 0
  fi
  if [[ ! -e $aside/forced && -e $aside/copy-holds ]]; then
    exchange
  elif [[ ! -e $aside/data ]]; then
    data_copied
  fi
  mark_stopped
  if [[ ! -e $aside/forced && ! -e $aside/copy-holds ]]; then
    # an etcd without network answers at its own loopback alone
    ! spec_isolated "$body_forced" || peer=https://127.0.0.1:2380
    force_whole /var/lib/etcd/member/wal "$certificate" https://127.0.0.1:2379 "$peer" "$body_forced" || {
      old_etcd_back "$old"
      die "etcd: its data must become a cluster of one by --force-new-cluster: $why; the old etcd and its data are back as they were. Restore the data instead: $(next_epoch method restore)"
    }
    did "--force-new-cluster made a cluster of one; stopped again"
  fi
  new_data_is_there
  if [[ ! -e $aside/forced ]]; then
    sync_folder /var/lib/etcd
    touch "$aside/forced"
    sync_folder "$aside"
  fi
  process_status etcd
  if [[ $status == missing ]]; then
    process_create etcd "$body_final"
  fi
  process_start etcd
  runtime_release ${etcd_dependents[@]+"${etcd_dependents[@]}"}
  peer=${endpoint%:*}:2380
  in_background drop "$forced"
  until_healthy 60 etcd "$endpoint/health" "$certificate" "$peer" ||
    die "etcd: $(unhealthy 60); or restore its data: $(next_epoch method restore)"
  if process_command etcd | grep -q -- --force-new-cluster; then
    die "etcd: still has --force-new-cluster; at its next restart it would evict members that have joined"
  fi
  did "etcd runs with $made_by's own arguments, a cluster of one, healthy"
  fact "container" "$(process_id etcd)"
  finish
}

# copy_holds ENDPOINT: true if the copy has everything that the old etcd has committed: by the index that it reports if it runs, else by the
# time and size of its database. Then $aside/copy becomes $aside/copy-holds.
copy_holds() {
  local endpoint=$1 noted now index=0 revision=0
  rm -f "$aside/copy-holds"
  [[ -s $aside/copy && -d $copy/member ]] || return 1
  noted=$(cat "$aside/copy")
  if [[ $noted == index* ]]; then
    now="not known"
    ! ask_etcd "$endpoint" "$own_client" || now="index $index"
    # a voter without quorum can't commit anything
    [[ $now == "not known" || $now == "$noted" ]] ||
      die "lost side: the old etcd has committed since, from $noted to $now: it has a quorum, so more than this host is alive; nothing was changed but the survivors' epoch"
  else
    now="written $(database_written)"
  fi
  if [[ $now != "$noted" ]]; then
    did "the forced copy isn't used: when it was made, the old etcd's data was at $noted; now: $now"
    return 1
  fi
  mv "$aside/copy" "$aside/copy-holds"
}

# exchange: sets the old data aside and puts the copy in its place. Each rename happens whole or not at all, so a rerun goes on where a killed
# run ended.
exchange() {
  [[ -e /var/lib/etcd/member || -e $aside/data || -d $copy/member ]] || new_data_is_there
  etcd_data_aside
  if [[ -d $copy/member ]]; then
    [[ ! -e /var/lib/etcd/member ]] ||
      die "etcd: /var/lib/etcd/member is there although the old data is set aside: somebody else started an etcd since; stop it, move that folder away, then run again"
    mv "$copy/member" /var/lib/etcd/member
    rmdir "$copy"
  fi
  did "the forced copy is in /var/lib/etcd/member"
}

# wal_can_be_kept: ends the step, before anything is changed, if the WAL can't be read: then --force-new-cluster would discard what only the
# WAL has. It reads twice, because the old etcd may be writing a record.
wal_can_be_kept() {
  read_wal /var/lib/etcd/member/wal || read_wal /var/lib/etcd/member/wal ||
    die "etcd: --force-new-cluster would discard what only etcd's WAL has: $why; nothing was changed but the survivors' epoch. Restore the data instead: $(next_epoch method restore)"
}

# data_copied: copies the whole data to $aside/data.
data_copied() {
  local member=/var/lib/etcd/member new=$aside/data.new
  [[ -d $member ]] || die "etcd: $member is missing: this host has no data to recover from"
  rm -rf "$new"
  mkdir -p "$new/member"
  copy_content "$member/." "$new/member/"
  mv "$new" "$aside/data"
  kept_aside "$aside/data"
  did "the whole data folder copied to $aside/data, $(du -sb "$aside/data" | cut -f1) bytes"
}

# old_etcd_back OLD: takes everything back after force has failed on the data itself: the data as it was copied before, and the old etcd, which was
# set aside as OLD. The data that force has worked on stays as $copy. A rerun after a kill in between goes on where that ended.
old_etcd_back() {
  local old=$1 job back=/var/lib/etcd/back-epoch-$epoch
  drop "$forced"
  undo_if_failed
  # one of them writes down the old container's description
  for job in ${background_jobs[@]+"${background_jobs[@]}"}; do wait "$job" || true; done
  background_jobs=()
  rm -rf "$back"
  copy_content "$aside/data/member" "$back"
  if [[ -e /var/lib/etcd/member ]]; then
    rm -rf "$copy"
    mkdir "$copy"
    mv /var/lib/etcd/member "$copy/member"
  fi
  mv "$back" /var/lib/etcd/member
  sync_folder /var/lib/etcd
  # whole or not at all, and before the old etcd runs: a rerun takes what it finds as $aside/data for the whole data
  mv "$aside/data" "$aside/data.new"
  rm -rf "$aside/data.new"
  process_status "$old"
  if [[ $status != missing ]]; then
    process_bring_back "$old" etcd
    rm -f "$aside/$old.$kept_as"
  fi
}
