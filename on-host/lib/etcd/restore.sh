# needs: lib/step lib/process installer lib/etcd/data lib/etcd/ahead
# Restores a snapshot or a database as a new cluster of one, beside etcd's data.
# shellcheck shell=bash

# The new data, on the disk where it will be used: while it is being made, and when it is whole.
restoring=/var/lib/etcd/restore-epoch-$epoch
restored=/var/lib/etcd/restored-epoch-$epoch

# database_unchanged: true if the database is as it was when $aside/database noted it, before it was read.
database_unchanged() { [[ -s $aside/database && $(database_written) == "$(cat "$aside/database")" ]]; }

# no_restore_left: removes the container of a restore that a killed run left.
no_restore_left() { process_drop "etcd-restore-epoch-$epoch" >/dev/null 2>&1 || true; }

# restore FILE IMAGE MEMBER PEER_URL TOKEN BUMP: makes $restored from FILE, its revision put ahead by BUMP: by the program that restores, or, if that is
# too old, afterwards (lib/etcd/ahead). Sets $how, in words, and $ahead, by how much `snapshot status` reads a newer revision in $restored than
# in FILE: BUMP or 0. On failure it returns 1 and sets $why.
# `set -e` is off inside, because it is called from `if` and `||`: every failure is handled by hand.
restore() {
  local file=$1 image=$2 member=$3 way result
  why="$file is missing or empty"
  [[ -s $file ]] || return 1
  # trying a program that the image lacks costs the start of a container: if step source has found out which one it has, that is tried first
  for way in "$(cat "$aside/restorer" 2>/dev/null || true)" "etcdutl ahead" "etcdctl ahead" etcdctl; do
    [[ -n $way ]] || continue
    rm -rf "$restoring" "$restored"
    result=0
    restore_by "$way" "$@" || result=$?
    if ((result == 0)); then
      [[ $way == *" ahead" ]] || put_ahead_afterwards "$image" "$member" "$6"
      # RKE's etcd may run as another user than root (services.etcd.uid), to whom the folder belongs then
      chown -R --reference=/var/lib/etcd "$restoring/member" && mv "$restoring" "$restored" || result=2
      why="$restored can't be made"
    fi
    ((result == 1)) || break
    why="neither etcdutl nor etcdctl of $image could restore $file: $(tail -n 1 "$aside/restore.log" | cut -c1-300)"
  done
  ((result == 0))
}

# restore_by "PROGRAM [ahead]" FILE IMAGE MEMBER PEER_URL TOKEN BUMP: makes $restoring; `ahead` puts the revision ahead by BUMP. Sets $how and $ahead.
# Returns 1 if this etcd lacks the program or a flag, 2 with $why after any other failure.
restore_by() {
  local program=${1% ahead} file=$2 image=$3 member=$4 peer=$5 token=$6 bump=$7 inside=$etcd_inside flags=()
  ahead=0
  # a snapshot has a hash behind its last page (32 bytes behind pages of 512 or more); a database has none
  (($(stat -c %s "$file") % 512 == 32)) || flags+=(--skip-hash-check)
  if [[ $1 == *" ahead" ]]; then
    flags+=(--bump-revision "$bump" --mark-compacted)
    ahead=$bump
  fi
  if run_alone "$image" "$program" --name "etcd-restore-epoch-$epoch" --env ETCDCTL_API=3 --write /var/lib/etcd:$inside --read "$file":/source.db \
    -- snapshot restore /source.db --data-dir "$inside/${restoring##*/}" ${flags[@]+"${flags[@]}"} \
    --name "$member" --initial-cluster "$member=$peer" --initial-advertise-peer-urls "$peer" --initial-cluster-token "$token" \
    >"$aside/restore.log" 2>&1; then
    how="cluster $token"
    ((ahead == 0)) || how+=", its revision put ahead by $ahead"
    return 0
  fi
  grep -Eq 'unknown flag|unknown command|executable file not found|no such file or directory: unknown' "$aside/restore.log" && return 1
  why="$program can't restore $file: $(grep -E 'Error|error|panic|fatal' "$aside/restore.log" | tail -n 1 | cut -c1-300)"
  return 2
}

# put_ahead_afterwards IMAGE MEMBER BUMP: puts the revision of $restoring ahead, and says in $how that it is, or why it isn't.
put_ahead_afterwards() {
  local image=$1 member=$2 bump=$3 database=$restoring/member/snap/db newest=0 compacted=0
  if put_ahead "$database" "$bump" ||
    { ((newest > 0 && compacted == 0)) && compact_alone "$image" "$member" "$newest" && put_ahead "$database" "$bump"; }; then
    how+=", its revision put ahead by $bump"
  else
    how+=", its revision not put ahead ($why): clients that watch the API since before the loss must be restarted"
  fi
}

# compact_alone IMAGE MEMBER REVISION: compacts $restoring up to REVISION, by an etcd without network. On failure it returns 1 and sets $why.
# A Kubernetes cluster that is older than 10 minutes was compacted by its kube-apiserver (storage/etcd3/compact.go), and doesn't come here.
compact_alone() {
  local image=$1 member=$2 revision=$3 name=etcd-restore-epoch-$epoch compacting result=0
  run_alone "$image" etcd --name "$name" --env ETCDCTL_API=3 --env ETCD_UNSUPPORTED_ARCH=arm64 --write "/var/lib/etcd:$etcd_inside" \
    -- --name "$member" --data-dir "$etcd_inside/${restoring##*/}" >"$aside/compact.log" 2>&1 3>&- 8>&- 9>&- &
  compacting=$!
  why="an etcd without network didn't compact it"
  until_true 30 compacts "$name" "$revision" || result=1
  process_stop 30 "$name" || result=1
  wait "$compacting" || true
  ((result == 0)) || why+="; $(tail -n 1 "$aside/compact.log" | cut -c1-200)"
  return "$result"
}

# compacts NAME REVISION: true once the etcd NAME has compacted everything up to REVISION, now or at an attempt whose answer came too late.
compacts() {
  local answer
  answer=$(time_limit=20 process_exec "$1" etcdctl --endpoints=http://127.0.0.1:2379 compaction --physical "$2" 2>&1) || [[ $answer == *"been compacted"* ]]
}
