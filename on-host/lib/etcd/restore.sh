# needs: lib/step lib/etcd/data
# Sent ahead of the steps that restore a snapshot or a database as a new cluster of one.
# shellcheck shell=bash

# The new data, on the disk where it will be used: at work, and whole.
restoring=/var/lib/etcd/restore-epoch-$epoch
restored=/var/lib/etcd/restored-epoch-$epoch

# Whether the database is still as it was noted to be before it was read.
database_unchanged() { [[ -s $aside/database && $(database_written) == "$(cat "$aside/database")" ]]; }

# left from a killed run
no_restore_left() { docker rm -f "etcd-restore-epoch-$epoch" >/dev/null 2>&1 </dev/null || true; }

# restore FILE IMAGE MEMBER PEER_URL TOKEN BUMP: makes $restored, and sets $how, and $ahead: by how much its revision was put ahead. Returns 1 with $why where it can't: no failure ends a
# step by itself where a function is asked for yes or no.
restore() {
  local file=$1 image=$2 member=$3 peer=$4 token=$5 bump=$6 unchecked=() way status
  why="$file is missing or empty"
  [[ -s $file ]] || return 1
  # a database has no hash of its own, as a snapshot has behind its last page
  (($(stat -c %s "$file") % 512 == 32)) || unchecked=(--skip-hash-check)
  # each program that the image lacks costs the start of a container: step source may have found out which it has
  for way in "$(cat "$aside/restorer" 2>/dev/null || true)" "etcdutl ahead" "etcdctl ahead" etcdctl; do
    [[ -n $way ]] || continue
    rm -rf "$restoring" "$restored"
    status=0
    restore_by "$way" || status=$?
    if ((status == 0)); then
      # RKE's etcd may run as another user than root (services.etcd.uid), who owns its folder then
      chown -R --reference=/var/lib/etcd "$restoring/member" && mv "$restoring" "$restored" || status=2
      why="$restored can't be made"
    fi
    ((status == 1)) || break
    why="neither etcdutl nor etcdctl of $image could restore $file: $(tail -n 1 "$aside/restore.log" | cut -c1-300)"
  done
  ((status == 0))
}

# restore_by "PROGRAM [ahead]": ahead, where the program can put the revision ahead. 1 where this etcd lacks the program or a flag,
# 2 with $why after every other failure.
restore_by() {
  local program=${1% ahead} inside=/var/lib/rancher/etcd flags=()
  ahead=0
  [[ $1 != *" ahead" ]] || { flags=(--bump-revision "$bump" --mark-compacted) && ahead=$bump; }
  if docker run --rm --name "etcd-restore-epoch-$epoch" --network none -e ETCDCTL_API=3 -v /var/lib/etcd:$inside:z -v "$file":/source.db:ro,z \
    --entrypoint "$program" "$image" snapshot restore /source.db --data-dir "$inside/${restoring##*/}" ${unchecked[@]+"${unchecked[@]}"} \
    --name "$member" --initial-cluster "$member=$peer" --initial-advertise-peer-urls "$peer" --initial-cluster-token "$token" \
    ${flags[@]+"${flags[@]}"} >"$aside/restore.log" 2>&1 </dev/null; then
    how="cluster $token"
    ((ahead == 0)) || how+=", its revision put ahead by $ahead"
    return 0
  fi
  grep -Eq 'unknown flag|unknown command|executable file not found|no such file or directory: unknown' "$aside/restore.log" && return 1
  why="$program can't restore $file: $(grep -E 'Error|error|panic|fatal' "$aside/restore.log" | tail -n 1 | cut -c1-300)"
  return 2
}
