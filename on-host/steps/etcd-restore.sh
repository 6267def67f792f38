# needs: lib/beside lib/docker lib/isolation lib/etcd/space lib/etcd/restore
# etcd-restore: puts the new cluster of one that step source has restored in the old etcd's place, and leaves it running as RKE would,
# isolated from the lost side. Where a run was killed in between it is restored here, from what that step secured or from what was
# set aside.
# stdin: the body for Docker's POST /containers/create
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health;  IMAGE, etcd's;
#   MEMBER and PEER_URL, as RKE names them;  TOKEN, this cluster's own;  BUMP, how far the revision is put ahead;
#   ADDRESS ... of the lost hosts, to be refused
# Sent after isolation, etcd-election, etcd-space and etcd-restored.
# Sets aside, never deletes: the old container, and the old data as a whole, by renaming it.
main() {
  local certificate=$1 health=$2 image=$3 member=$4 peer=$5 token=$6 bump=$7 old=etcd-before-epoch-$epoch
  begin "$@"
  shift 7
  look "$old"
  local aside_already=$found
  # sent beside it
  [[ $aside_already != missing || -e $aside/restored || -e $aside/data ]] || await source finished source
  no_restore_left
  # before etcd listens for the first time; and a host that can refuse nobody is told so while its old etcd still runs
  isolate "$@"
  # from here on to the end, with or without an operator
  operator=""
  old_etcd_goes
  if [[ ! -e $aside/restored ]]; then
    old_etcd_aside "$old"
    # what it has killed may have written until then
    [[ -s $aside/snapshot.db || ! -d $restored || -e $aside/data ]] || database_unchanged || {
      rm -rf "$restored"
      did "the database was written to after it was read; it is restored anew"
    }
    etcd_data_aside
  fi
  old_etcd_is_aside
  if [[ ! -e $aside/restored ]]; then
    new_data "$image" "$member" "$peer" "$token" "$bump"
  fi
  new_data_is_there
  if [[ ! -e $aside/restored ]]; then
    lasts /var/lib/etcd
    printf '%s\n' "$token" >"$aside/restored.new"
    mv "$aside/restored.new" "$aside/restored"
    lasts "$aside"
    fact token "$token"
  fi
  look etcd
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$data"
  fi
  docker start etcd >/dev/null </dev/null
  until_healthy 60 etcd "$health" "$certificate" "${health%:*}:2380" ||
    die "etcd: not healthy 60 s after its start: $(docker logs --tail 1 etcd 2>&1 </dev/null | cut -c1-300)"
  did "etcd runs with RKE's own arguments, a new cluster of one, healthy"
  fact container "$(docker inspect --format '{{.Id}}' etcd </dev/null | cut -c1-12)"
  finish
}

# With a snapshot at hand what the old etcd still has in memory doesn't count, and without quorum a graceful stop only waits for
# requests that nobody answers; so it is with a database that it hasn't written to since that was read. Else it writes that out.
old_etcd_aside() {
  local old=$1 grace=0
  [[ -s $aside/snapshot.db ]] || database_unchanged || grace=60
  look etcd
  if [[ $aside_already != missing && $found != missing ]]; then
    die "etcd: container etcd is there although $old is: somebody else made it since; stop it and rename it, then run again"
  fi
  if [[ $found != missing ]]; then
    set_container_aside etcd "$old" "$grace"
  fi
}

# What was restored beforehand, if it has all that the source has; else it is restored now. Arguments as restore's, but for the file.
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
