# needs: lib/docker lib/client lib/lost-side lib/etcd/data lib/etcd/restore
# source: secures and checks what a restore starts from, and restores it into a folder beside etcd's data, before anything is changed
# that can't be taken back.
# Meanwhile the lost hosts are tried once more: time has passed since the operator's guards looked.
# arguments: FROM: live (this host's etcd is asked for a snapshot where its database is written to), data (its database, where it can't
#   give one), or the path of a snapshot;  IMAGE, etcd's;  PEERS, the topology's peer URLs, separated by commas: a snapshot of another cluster
#   knows none of them;  LEAST, the revision that it must have, 0 for any: a snapshot that has it is the better source;
#   MEMBER and PEER_URL, as RKE names them;  TOKEN, the new cluster's own;  BUMP, how far the revision is put ahead;
#   HOST=ADDRESS:PORT ... of the lost hosts
# Sent after lost-side and etcd-restored.
main() {
  local from=$1 image=$2 peers=$3 least=$4 as=("${@:5:4}") why="" revision="" how="" stopped="" secured=$aside/snapshot.db take_back=forget
  begin "$@"
  shift 8
  mkdir -p "$aside"
  # a killed run's container would be in the way
  docker rm -f "$(worker)" >/dev/null 2>&1 </dev/null || true
  no_restore_left
  if [[ -e $aside/data ]]; then
    did "the old data is set aside already; the source stays as it was secured"
    finish
    return
  fi
  rm -rf "$restoring" "$restored" "$aside/database"
  watch_lost_side "$@"
  case $from in
    live)
      if ! idle 0 && ! live; then
        did "no live snapshot: $why"
        database || refuse
      fi
      ;;
    data) database || refuse ;;
    *) file "$from" || refuse ;;
  esac
  if ((revision < least)); then
    why="this host's etcd is at revision $revision, a snapshot at $least is newer"
    refuse
  fi
  [[ -d $restored ]] || restore "$secured" "$image" "${as[@]}" || refuse
  still_silent "$@"
  did "restored beside etcd's data as $how"
  fact revision "$revision"
  finish
}

worker() { printf 'source-epoch-%s' "$epoch"; }

# Whatever was stopped to look at it serves again: nothing else was changed.
forget() {
  rm -rf "$restoring" "$restored" "$aside/database"
  [[ -z $stopped ]] || docker start etcd >/dev/null </dev/null
}
refuse() {
  forget
  die "source: $why; nothing was changed but the survivors' epoch; preview lists what else there is: name it by recover.from, with the next epoch"
}

live() {
  # the one folder that both the host and the container see
  local shared=/var/lib/etcd/rke-dr-snapshot.db inside=/var/lib/rancher/etcd/rke-dr-snapshot.db status
  look etcd
  if [[ $found != running ]]; then
    why="container etcd is $found"
    return 1
  fi
  if ! etcd_answers; then
    why="etcd runs and answers nothing, as where it was started without quorum"
    return 1
  fi
  rm -f "$shared"*
  find_restorer &
  if ! docker exec etcd etcdctl --command-timeout=600s snapshot save "$inside" >/dev/null 2>"$aside/snapshot.log" </dev/null; then
    rm -f "$shared"*
    why=$(tail -n 1 "$aside/snapshot.log" | cut -c1-200)
    return 1
  fi
  if ! status=$(docker exec etcd etcdctl snapshot status "$inside" -w json 2>&1 </dev/null) || ! [[ $status =~ \"revision\":([0-9]+) ]]; then
    rm -f "$shared"*
    why="this host's etcd gave a snapshot that can't be read: its data is damaged: ${status:0:200}"
    refuse
  fi
  revision=${BASH_REMATCH[1]}
  keep "$shared" move
  did "live snapshot $aside/snapshot.db: revision $revision, $(stat -c %s "$aside/snapshot.db") bytes"
}

# etcd_answers: whether this host's etcd serves at all. One that was started without quorum, as after a reboot, listens and
# says nothing until it has a leader (etcdserver's ReadyNotify comes after its name is published by consensus).
# Asked as a client of its own host where it lets one in, else by its own etcdctl, which takes docker a while to start.
etcd_answers() {
  local status=0
  answer_of https://127.0.0.1:2379/version kube-node 4 >/dev/null || status=$?
  # a time limit, in curl's words: who lets in and says nothing isn't asked twice
  case $status in 0) return 0 ;; 28) return 1 ;; esac
  timeout 10 docker exec etcd etcdctl --command-timeout=5s endpoint status >/dev/null 2>&1 </dev/null
}

# Which program of etcd's image restores, and whether it puts the revision ahead, for the step that does it: known of an etcd that
# runs. Where nothing is found out that step tries one after the other.
find_restorer() {
  local program help="" found=""
  for program in etcdutl etcdctl; do
    help=$(timeout 10 docker exec etcd "$program" snapshot restore --help 2>&1 </dev/null) || true
    if [[ $help == *--mark-compacted* ]]; then
      found="$program ahead"
      break
    fi
  done
  [[ -n $found || $help != *--data-dir* ]] || found=etcdctl
  [[ -n $found ]] || return 0
  printf '%s\n' "$found" >"$aside/restorer.new"
  mv "$aside/restorer.new" "$aside/restorer"
} >/dev/null 2>&1 3>&- 8>&- 9>&-

# The database itself, where etcd gives no snapshot of it: idle, else of an etcd that is stopped gracefully, which writes out what it has in
# memory; the database of one that was killed may lack what only its WAL has.
database() {
  local db=/var/lib/etcd/member/snap/db code
  ! idle 3 || return 0
  secured=$db
  rm -f "$aside/snapshot.db"
  look etcd
  if [[ $found == running || $found == restarting ]]; then
    stopped=yes
    if ! docker stop -t 60 etcd >/dev/null </dev/null; then
      why="etcd can't be stopped for its database"
      return 1
    fi
    code=$(docker inspect --format '{{.State.ExitCode}}' etcd </dev/null)
    # a container's init ends by the signal where the program doesn't catch it
    [[ $code == 0 || $code == 143 ]] || did "etcd ended with $code when it was stopped: its database may lack the newest writes"
  fi
  check "$db" || return 1
  database_written >"$aside/database"
  did "etcd is stopped; its database $db: revision $revision, $(stat -c %s "$db") bytes (a database has no hash of its own)"
}

# idle SECONDS: restores what etcd has open, if it isn't written to within that time: etcd is not in the way of a reader then, and goes on.
# etcdctl only copies from it, once. Whether the copy is sound is read from the restored one: whoever opens a database of a running etcd
# waits for its lock.
idle() {
  local db=/var/lib/etcd/member/snap/db ahead=0 told
  look etcd
  [[ $found == running ]] && until_true "$1" database_idle || return 1
  rm -f "$aside/snapshot.db"
  exec 6< <(answer_of https://127.0.0.1:2379/v3/maintenance/status kube-node 2 -d '{}')
  database_written >"$aside/database"
  find_restorer
  if whole "$db" && restore "$db" "$image" "${as[@]}" && readable "$restored/member/snap/db" "${restored##*/}" && database_unchanged; then
    revision=$((revision - ahead))
    told=$(cat <&6)
    # what it has applied may not be in the file yet where its flag --backend-batch-interval is long
    if ! [[ $told =~ \"revision\":\"?([0-9]+) ]] || ((revision >= BASH_REMATCH[1])); then
      did "etcd's database $db, which it doesn't write to: revision $revision, $(stat -c %s "$db") bytes (a database has no hash of its own)"
      return 0
    fi
    did "etcd's database $db isn't used as it lies: it is at revision $revision, etcd at ${BASH_REMATCH[1]}"
  fi
  rm -rf "$restored" "$aside/database"
  return 1
}

file() {
  local file
  find_restorer &
  # its own name may be a link
  file=$(readlink -f "$1") || file=$1
  check "$file" || return 1
  keep "$file" link
  did "snapshot $1: revision $revision, $(stat -c %s "$file") bytes, kept as $aside/snapshot.db"
}

# keep FILE move|link: under a name of this act's, so that nobody removes it meanwhile.
keep() {
  local new=$aside/snapshot.new
  # a run that was killed has linked it already, and mv refuses two names of one file
  [[ ! $1 -ef $aside/snapshot.db ]] || return 0
  rm -f "$new"
  # by hand: no failure ends a step by itself where a function is asked for yes or no
  if [[ $2 == move ]]; then
    mv "$1" "$new" || unkept "$1"
  else
    ln "$1" "$new" 2>/dev/null || cp --reflink=auto "$1" "$new" || unkept "$1"
  fi
  mv "$new" "$aside/snapshot.db" || unkept "$1"
}
unkept() {
  rm -f "$aside/snapshot.new"
  why="$1 can't be kept as $aside/snapshot.db, see above"
  refuse
}

# check FILE, whole FILE, readable FILE ...: 1 with $why where it isn't; readable sets $revision.
check() { whole "$1" && readable "$1"; }

# A snapshot ends with the SHA-256 of all before it (32 bytes behind pages of 512 or more: etcdctl/snapshot/v3_snapshot.go
# hasChecksum), a copied database doesn't.
whole() {
  local file=$1 size peer known=()
  why="$file is missing or empty"
  [[ -s $file ]] || return 1
  size=$(stat -c %s "$file")
  if ((size % 512 == 32)); then
    if [[ $(head -c -32 "$file" | sha256sum | cut -c1-64) != "$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')" ]]; then
      why="$file is damaged: its hash is another"
      return 1
    fi
  elif ((size % 4096 != 0)); then
    why="$file is cut: $size bytes are neither a database nor a snapshot"
    return 1
  fi
  for peer in ${peers//,/ }; do known+=(-e "$peer"); done
  if ! grep -aqF "${known[@]}" "$file"; then
    why="$file is another cluster's: none of its members is of this topology: $(grep -aoE '"peerURLs":\["[^"]+"' "$file" | sort -u | cut -d'"' -f4 | paste -sd' ' | cut -c1-200)"
    return 1
  fi
}

# readable FILE [FOLDER]: FOLDER is that of its data beside etcd's, where the etcd that runs can read it: sooner than a new container.
readable() {
  local file=$1 status reader=(run --rm --name "$(worker)" --network none -e ETCDCTL_API=3 -v "$1:/source.db:ro,z" --entrypoint etcdctl "$image") seen=/source.db
  if [[ -n ${2:-} ]]; then
    reader=(exec etcd etcdctl) seen=/var/lib/rancher/etcd/$2/member/snap/db
  fi
  if ! status=$(docker "${reader[@]}" snapshot status "$seen" -w json 2>&1 </dev/null) || ! [[ $status =~ \"revision\":([0-9]+) ]]; then
    why="$file can't be read, it is damaged: $(tail -n 1 <<<"$status" | cut -c1-200)"
    return 1
  fi
  revision=${BASH_REMATCH[1]}
  why="$file holds nothing: its revision is $revision"
  ((revision > 1))
}
