# etcd-member: makes this host's voter a cluster of one, by --force-new-cluster, and leaves it running as RKE would.
# stdin: two lines, bodies for Docker's POST /containers/create: the one with the flag, then the final one.
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health
# Sent after etcd-election and etcd-space.
# With the flag etcd listens on 127.0.0.1 alone: no API server is served and then dropped again.
# Sets aside, never deletes: the old container, and of the data all that the live snapshot doesn't hold.
main() {
  local certificate=$1 health=$2 peer=${2%:*}:2380 left forced=etcd-force-epoch-$epoch old=etcd-before-epoch-$epoch body_forced body_final
  begin "$@"
  { read -r body_forced && read -r body_final; } <<<"$data"

  # one left from a killed run, also of an earlier epoch: it would go on serving with the flag
  left=$(docker ps -aq --filter name=^etcd-force-epoch- </dev/null)
  # shellcheck disable=SC2086 # ids, one a word
  [[ -z $left ]] || docker rm -f $left >/dev/null </dev/null
  # only before the act: a container that RKE made anew since then is not ours to take away
  look "$old"
  local aside_already=$found
  look etcd
  if [[ ! -e $aside/forced && $aside_already == missing && $found != missing ]]; then
    # without quorum a graceful stop only waits for requests that nobody answers; what is committed is in the WAL
    set_container_aside etcd "$old" 0
  fi
  if [[ ! -e $aside/data ]]; then
    data_aside
  fi
  old_etcd_is_aside
  if [[ ! -e $aside/forced ]]; then
    force "$forced" "$certificate" "$peer" "$body_forced"
  fi
  look etcd
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$body_final"
  fi
  docker start etcd >/dev/null </dev/null
  docker rm -f "$forced" >/dev/null 2>&1 </dev/null || true
  until_healthy 60 etcd "$health" "$certificate" "$peer" ||
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
    # the snapshot is the db; what it may lack is in the WAL, most of which is empty: etcd makes its files ahead, 64 MB each
    cp -a --reflink=auto --sparse=always "$member/wal" "$copy/member/"
    find "$member/snap" -maxdepth 1 -name '*.snap' -exec cp -a --reflink=auto {} "$copy/member/snap/" \;
    what="WAL beside the live snapshot"
  else
    cp -a --reflink=auto --sparse=always "$member/." "$copy/member/"
    what="whole data folder"
  fi
  mv "$copy" "$aside/data"
  kept_aside "$aside/data"
  did "$what copied to $aside/data, $(du -sb "$aside/data" | cut -f1) bytes"
}

# The flag rewrites the membership in the WAL when etcd starts; once a write was accepted it has done its work.
force() {
  local name=$1 certificate=$2 peer=$3 body=$4 own=https://127.0.0.1:2379 members last
  docker_api POST "/containers/create?name=$name" "$body"
  docker start "$name" >/dev/null </dev/null
  if ! until_healthy 120 "$name" "$own/health" "$certificate" "$peer"; then
    last=$(docker logs --tail 1 "$name" 2>&1 </dev/null | cut -c1-300)
    docker rm -f "$name" >/dev/null </dev/null
    die "etcd: not healthy 120 s after --force-new-cluster; stopped again: $last"
  fi
  members=$(to_peer "$certificate" "$peer/members" </dev/null | grep -o '"id":' | wc -l) || true
  # the same by etcdctl, which takes docker a while to start
  [[ $members == 1 ]] || members=$(docker exec -e ETCDCTL_ENDPOINTS="$own" "$name" etcdctl member list </dev/null | wc -l) || members=unknown
  if [[ $members != 1 ]]; then
    docker rm -f "$name" >/dev/null </dev/null
    die "etcd: $members members after --force-new-cluster, 1 was expected; stopped again"
  fi
  docker stop -t 30 "$name" >/dev/null </dev/null
  touch "$aside/forced"
  did "--force-new-cluster made a cluster of one; stopped again"
}
