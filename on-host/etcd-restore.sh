# etcd-restore: makes a new cluster of one, by `snapshot restore`, and leaves it running as RKE would, isolated from the lost
# side. Its source is the snapshot that the step before secured, or this host's database where there is none.
# stdin: the body for Docker's POST /containers/create
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health;  IMAGE, etcd's;
#   MEMBER and PEER_URL, as RKE names them;  TOKEN, this cluster's own;  BUMP, how far the revision is put ahead;
#   ADDRESS ... of the lost hosts, to be refused
# Sent after isolation, etcd-election and etcd-space.
# Sets aside, never deletes: the old container, and the old data as a whole, by renaming it.
main() {
  local certificate=$1 health=$2 image=$3 member=$4 peer=$5 token=$6 bump=$7 old=etcd-before-epoch-$epoch
  begin "$@"
  shift 7
  # left from a killed run
  docker rm -f "$(worker)" >/dev/null 2>&1 </dev/null || true
  # before etcd listens for the first time; and a host that can refuse nobody is told so while its old etcd still runs
  isolate "$@"
  if [[ ! -e $aside/restored ]]; then
    old_etcd_aside "$old"
    data_aside
  fi
  old_etcd_is_aside
  if [[ ! -e $aside/restored ]]; then
    restore "$image" "$member" "$peer" "$token" "$bump"
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

worker() { printf 'etcd-restore-epoch-%s' "$epoch"; }

# With a snapshot at hand what the old etcd still has in memory doesn't count, and without quorum a graceful stop only waits for
# requests that nobody answers; else it writes that out.
old_etcd_aside() {
  local old=$1 grace=0
  [[ -s $aside/snapshot.db ]] || grace=60
  look "$old"
  local aside_already=$found
  look etcd
  if [[ $aside_already != missing && $found != missing ]]; then
    die "etcd: container etcd is there although $old is: somebody else made it since; stop it and rename it, then run again"
  fi
  if [[ $found != missing ]]; then
    set_container_aside etcd "$old" "$grace"
  fi
}

# Renamed, not copied: at once, whatever its size. On another file system than /var/lib it stays on its own.
data_aside() {
  local data=/var/lib/etcd/member to=$aside/data place=$aside/data.new
  [[ ! -e $to ]] || return 0
  mkdir -p "$aside" /var/lib/etcd
  if [[ $(stat -c %d /var/lib/etcd) != "$(stat -c %d "$aside")" ]]; then
    place=/var/lib/etcd/before-epoch-$epoch
  fi
  mkdir -p "$place"
  if [[ -e $data ]]; then
    mv "$data" "$place/"
    fact setAsideBytes "$(du -sb "$place" | cut -f1)"
    did "the old data is in $to, $(du -sb "$place" | cut -f1) bytes"
  fi
  if [[ $place == "$to.new" ]]; then mv "$place" "$to"; else ln -s "$place" "$to"; fi
}

# The new data appears under its final name whole or not at all.
restore() {
  local image=$1 member=$2 peer=$3 token=$4 bump=$5 work=/var/lib/etcd/restore-epoch-$epoch source=$aside/snapshot.db how
  local unchecked=()
  if [[ ! -e /var/lib/etcd/member ]]; then
    [[ -s $source ]] || source=$(readlink -f "$aside/data")/member/snap/db
    [[ -s $source ]] || die "source: $source is missing or empty"
    # a database has no hash of its own, as a snapshot has behind its last page
    (($(stat -c %s "$source") % 512 == 32)) || unchecked=(--skip-hash-check)
    # each program that the image lacks costs the start of a container: step `source` may have found out which it has
    restore_as "$(cat "$aside/restorer" 2>/dev/null || true)" ||
      restore_by etcdutl --bump-revision "$bump" --mark-compacted ||
      restore_by etcdctl --bump-revision "$bump" --mark-compacted ||
      restore_by etcdctl ||
      die "etcd: neither etcdutl nor etcdctl of $image could restore $source: $(tail -n 1 "$aside/restore.log" | cut -c1-300)"
    # RKE's etcd may run as another user than root (services.etcd.uid), who owns its folder then
    chown -R --reference=/var/lib/etcd "$work/member"
    mv "$work/member" /var/lib/etcd/member
    rmdir "$work"
  fi
  printf '%s\n' "$token" >"$aside/restored.new"
  mv "$aside/restored.new" "$aside/restored"
  fact token "$token"
  did "restored from $source as cluster $token${how:+, $how}"
}

# restore_as "PROGRAM [ahead]", as step `source` has written it: ahead, where the program can put the revision ahead.
restore_as() {
  case $1 in
    *" ahead") restore_by "${1% *}" --bump-revision "$bump" --mark-compacted ;;
    "") return 1 ;;
    *) restore_by "$1" ;;
  esac
}

# restore_by PROGRAM [FLAG ...]: 1 where this etcd lacks the program or a flag; every other failure ends the step.
restore_by() {
  local inside=/var/lib/rancher/etcd
  rm -rf "$work"
  if docker run --rm --name "$(worker)" --network none -e ETCDCTL_API=3 -v /var/lib/etcd:$inside:z -v "$source":/source.db:ro,z \
    --entrypoint "$1" "$image" snapshot restore /source.db --data-dir "$inside/${work##*/}" ${unchecked[@]+"${unchecked[@]}"} \
    --name "$member" --initial-cluster "$member=$peer" --initial-advertise-peer-urls "$peer" --initial-cluster-token "$token" \
    "${@:2}" >"$aside/restore.log" 2>&1 </dev/null; then
    [[ -z ${2:-} ]] || how="its revision put ahead by $bump"
    return 0
  fi
  grep -Eq 'unknown flag|unknown command|executable file not found|no such file or directory: unknown' "$aside/restore.log" ||
    die "etcd: $1 can't restore $source: $(grep -E 'Error|error|panic|fatal' "$aside/restore.log" | tail -n 1 | cut -c1-300)"
  return 1
}
