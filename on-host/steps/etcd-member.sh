# needs: lib/beside lib/etcd/force
# etcd-member: makes this host's voter a cluster of one, and leaves it running as RKE would: from the copy that step snapshot has forced,
# else by --force-new-cluster on the data itself.
# stdin: two lines, bodies for Docker's POST /containers/create: the one with the flag, then the final one.
# arguments: CERTIFICATE, the name of this member's certificate;  ENDPOINT, where clients of this host reach it
# Sent after etcd-election, etcd-space and etcd-force.
# Sets aside, never deletes: the old container and its data as it was; where the data itself is forced, a copy of it.
main() {
  local certificate=$1 endpoint=$2 peer=${2%:*}:2380 old=etcd-before-epoch-$epoch why="" index=0 revision=0 body_forced body_final
  begin "$@"
  { read -r body_forced && read -r body_final; } <<<"$data"

  # only before the act: a container that RKE made anew since then is not ours to take away
  look "$old"
  local aside_already=$found
  if [[ $aside_already == missing && ! -e $aside/forced && ! -e $aside/data ]]; then
    # sent beside it
    await snapshot finished snapshot
    copy_holds || no_copy
  fi
  # from here on to the end, with or without an operator
  operator=""
  no_forced_left
  look etcd
  old_etcd_goes
  if [[ ! -e $aside/forced && $aside_already == missing && $found != missing ]]; then
    # without quorum a graceful stop only waits for requests that nobody answers; what is committed is in the WAL
    set_container_aside etcd "$old" 0
  fi
  if [[ ! -e $aside/forced && -e $aside/copy-holds ]]; then
    exchange
  elif [[ ! -e $aside/data ]]; then
    data_copied
  fi
  old_etcd_is_aside
  if [[ ! -e $aside/forced && ! -e $aside/copy-holds ]]; then
    force "$certificate" https://127.0.0.1:2379 "$peer" "$body_forced" || failed_to_force
    did "--force-new-cluster made a cluster of one; stopped again"
  fi
  new_data_is_there
  if [[ ! -e $aside/forced ]]; then
    lasts /var/lib/etcd
    touch "$aside/forced"
    lasts "$aside"
  fi
  look etcd
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$body_final"
  fi
  docker start etcd >/dev/null </dev/null
  later drop "$forced"
  until_healthy 60 etcd "$endpoint/health" "$certificate" "$peer" ||
    die "etcd: not healthy 60 s after its start: $(docker logs --tail 1 etcd 2>&1 </dev/null | cut -c1-300)"
  if docker inspect --format '{{.Config.Entrypoint}} {{.Config.Cmd}}' etcd </dev/null | grep -q -- --force-new-cluster; then
    die "etcd: still has --force-new-cluster; at its next restart it would evict whoever joined"
  fi
  did "etcd runs with RKE's own arguments, a cluster of one, healthy"
  fact container "$(docker inspect --format '{{.Id}}' etcd </dev/null | cut -c1-12)"
  finish
}

# Whether the copy has all that the old etcd has committed: by that one's own word, which is had while it runs, or by its database.
copy_holds() {
  local noted now
  rm -f "$aside/copy-holds"
  [[ -s $aside/copy && -d $copy/member ]] || return 1
  noted=$(cat "$aside/copy")
  if [[ $noted == index* ]]; then
    now="not known"
    ! ask_etcd "$endpoint" kube-node || now="index $index"
    # a lone voter can't commit anything
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

# A run that was killed in between goes on where it was: each name is there whole or not at all.
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

data_copied() {
  local member=/var/lib/etcd/member new=$aside/data.new
  [[ -d $member ]] || die "etcd: $member is missing: this host has no data to recover from"
  rm -rf "$new"
  mkdir -p "$new/member"
  cp -a --reflink=auto --sparse=always "$member/." "$new/member/"
  mv "$new" "$aside/data"
  kept_aside "$aside/data"
  did "the whole data folder copied to $aside/data, $(du -sb "$aside/data" | cut -f1) bytes"
}

failed_to_force() {
  drop "$forced"
  die "etcd: $why; stopped again"
}
