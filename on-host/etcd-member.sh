# etcd-member: makes this host's voter a cluster of one, by --force-new-cluster, and leaves it running as RKE would.
# stdin: two lines, bodies for Docker's POST /containers/create: the one with the flag, then the final one.
# arguments: CERTIFICATE, the name of this member's certificate
# Sets aside, never deletes: the old container, and of the data all that the live snapshot doesn't hold.
main() {
  local certificate=$1 forced=etcd-force-epoch-$epoch old=etcd-before-epoch-$epoch body_forced body_final
  begin "$@"
  { read -r body_forced && read -r body_final; } <<<"$data"

  # only before the act: a container that RKE made anew since then is not ours to take away
  if [[ ! -e $aside/forced && $(container_state "$old") == missing && $(container_state etcd) != missing ]]; then
    # without quorum a graceful stop waits for requests that nobody answers; what is committed is in the WAL
    set_container_aside etcd "$old" 2
  fi
  if [[ ! -e $aside/data ]]; then
    data_aside
  fi
  if [[ ! -e $aside/forced ]]; then
    force "$forced" "$certificate" "$body_forced"
  fi
  docker rm -f "$forced" >/dev/null 2>&1 </dev/null || true

  if [[ $(container_state etcd) == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$body_final"
  fi
  docker start etcd >/dev/null </dev/null
  until_true 60 "etcd" healthy https://127.0.0.1:2379/health "$certificate" ||
    die "etcd: not healthy 60 s after its start: $(docker logs --tail 1 etcd 2>&1 </dev/null | cut -c1-300)"
  if docker inspect --format '{{.Config.Entrypoint}} {{.Config.Cmd}}' etcd </dev/null | grep -q -- --force-new-cluster; then
    die "etcd: still has --force-new-cluster; at its next restart it would evict whoever joined"
  fi
  did "etcd runs with RKE's own arguments, a cluster of one, healthy"
  fact container "$(docker inspect --format '{{.Id}}' etcd </dev/null | cut -c1-12)"
  finish
}

data_aside() {
  local member=/var/lib/etcd/member copy=$aside/data.new what
  [[ -d $member ]] || die "etcd: $member is missing: this host has no data to recover from"
  rm -rf "$copy"
  mkdir -p "$copy/member/snap"
  if [[ -s $aside/snapshot.db ]]; then
    # the snapshot is the db; what it may lack is in the WAL
    cp -a --reflink=auto "$member/wal" "$copy/member/"
    find "$member/snap" -maxdepth 1 -name '*.snap' -exec cp -a --reflink=auto {} "$copy/member/snap/" \;
    what="WAL beside the live snapshot"
  else
    cp -a --reflink=auto "$member/." "$copy/member/"
    what="whole data folder"
  fi
  mv "$copy" "$aside/data"
  fact setAsideBytes "$(du -sb "$aside" | cut -f1)"
  did "$what copied to $aside/data, $(du -sb "$aside/data" | cut -f1) bytes"
}

# The flag rewrites the membership in the WAL when etcd starts; once a write was accepted it has done its work.
force() {
  local name=$1 certificate=$2 body=$3
  docker rm -f "$name" >/dev/null 2>&1 </dev/null || true
  docker_api POST "/containers/create?name=$name" "$body"
  docker start "$name" >/dev/null </dev/null
  until_true 120 "etcd" healthy https://127.0.0.1:2379/health "$certificate" ||
    die "etcd: not healthy 120 s after --force-new-cluster: $(docker logs --tail 1 "$name" 2>&1 </dev/null | cut -c1-300)"
  local members
  members=$(docker exec "$name" etcdctl member list </dev/null | wc -l)
  [[ $members == 1 ]] || die "etcd: $members members after --force-new-cluster, 1 was expected"
  docker stop -t 30 "$name" >/dev/null </dev/null
  touch "$aside/forced"
  did "--force-new-cluster made a cluster of one; stopped again"
}
