# needs: lib/process lib/client lib/lost-side lib/next-epoch lib/etcd/data lib/etcd/force lib/etcd/copy lib/etcd/restore
# source: secures and checks the data that a restore starts from, and restores it into a folder beside etcd's data, before anything is changed
# that can't be undone.
# Meanwhile the lost hosts are asked once more: time has passed since the guards asked.
# arguments: FROM: live (this host's etcd: its database if etcd doesn't write to it, else a live snapshot), data (its database, if this etcd
#   can't give a snapshot), or the path of a snapshot;  IMAGE, etcd's;  PEERS, the topology's peer URLs, separated by commas: a snapshot of
#   another cluster contains none of them;  LEAST, the revision that the source must have, 0 for any: if it hasn't, there is a better
#   source;  MEMBER and PEER_URL, as RKE names them;  TOKEN, the new cluster's;  BUMP, by how much the revision is put ahead;
#   HOST=ADDRESS:PORT ... of the lost hosts
# stdin: the body for process_create of an etcd without network that applies what only the WAL has; nothing for a snapshot
# The functions below read the local variables of main. A function that fails returns 1 and sets $why. `set -e` is off inside functions that
# are called from `if`, `&&` or `||`: they handle failures by hand.
main() {
  local from=$1 image=$2 peers=$3 least=$4 as=("${@:5:4}") why="" revision="" how="" stopped="" ahead=0 secured=$aside/snapshot.db
  local before="" index=0 applied=0 damaged=""
  begin "$@"
  shift 8
  mkdir -p "$aside"
  # a killed run may have left its container
  process_drop "$(worker)" >/dev/null 2>&1 || true
  no_restore_left
  no_forced_left
  if [[ -e $aside/data ]]; then
    did "the old data is set aside already; the source stays as it was secured"
    finish
    return
  fi
  rm -rf "$restoring" "$restored" "$aside/database"
  watch_lost_side "$@"
  case $from in
    live)
      if ! with_wal && ! idle 0 && ! live; then
        did "no live snapshot: $why"
        database || refuse
      fi
      ;;
    data) with_wal || database || refuse ;;
    *) file "$from" || refuse ;;
  esac
  new_enough
  [[ -d $restored ]] || restore "$secured" "$image" "${as[@]}" || refuse
  still_silent forget "$@"
  did "restored beside etcd's data as $how"
  fact revision "$revision"
  finish
}

# worker: prints the name of the container that reads the source.
worker() { printf 'source-epoch-%s' "$epoch"; }

# forget: removes what was restored, and starts etcd again if it was stopped for its database: nothing else was changed.
forget() {
  drop "$forced"
  rm -rf "$restoring" "$restored" "$aside/database" "$copy"
  [[ -z $stopped ]] || process_start etcd
}
# refuse: ends the step because of $why.
refuse() {
  forget
  die "source: $why; nothing was changed but the survivors' epoch. Preview lists what else there is (NAME): $(next_epoch from NAME)"
}

# new_enough [FILE ...]: refuses a source whose $revision is below LEAST, and removes the files that hold it.
new_enough() {
  ((revision < least)) || return 0
  rm -f "$@"
  why="this host's etcd is at revision $revision, a snapshot at $least is newer"
  refuse
}

# with_wal: if the WAL has entries that the database lacks, secures a database that has them, too. Sets $revision. Returns 1 if there are no such
# entries, or if the data is too damaged to apply them: then the database as it lies is all there is. Ends the step if there are such
# entries, the data is whole, and they can't be had for another reason.
with_wal() {
  local endpoint=https://127.0.0.1:2379 answer=""
  if ! read_wal /var/lib/etcd/member/wal; then
    did "what only etcd's WAL has isn't taken: $why"
    return 1
  fi
  process_status etcd
  [[ $status != running ]] || answer=$(answer_of "$endpoint/v3/maintenance/status" "$own_client" 4 -d '{}') || answer=""
  if [[ $answer =~ \"raftAppliedIndex\":\"?([0-9]+) ]]; then
    ((BASH_REMATCH[1] < last_entry)) || return 1
  elif [[ $status == running ]]; then
    # an etcd without a leader applied at its start what was committed, and nothing since
    ((committed < last_entry)) || return 1
  fi
  if ! replayed "$endpoint" "$data"; then
    drop "$forced"
    undo_if_failed
    ask_within
    no_copy
    [[ -n $damaged ]] || refuse
    did "what only etcd's WAL has isn't taken, it is damaged: $why"
    return 1
  fi
  check "$copy/member/snap/db" || refuse
  why="a copy of etcd's database is at revision $revision, but an etcd that applied all that its WAL has was at $applied"
  ((revision >= applied)) || refuse
  new_enough
  keep "$copy/member/snap/db" move
  no_copy
  did "etcd's database and what only its WAL had, up to entry $last_entry: revision $revision, $(stat -c %s "$aside/snapshot.db") bytes, kept as $aside/snapshot.db"
}

# live: secures a live snapshot of this host's etcd. Sets $revision.
live() {
  # the one folder that both the host and the container see
  local shared=/var/lib/etcd/rke-dr-snapshot.db inside=$etcd_inside/rke-dr-snapshot.db answer
  process_status etcd
  if [[ $status != running ]]; then
    why="container etcd is $status"
    return 1
  fi
  if ! etcd_answers; then
    why="etcd runs and answers nothing, as where it was started without quorum"
    return 1
  fi
  rm -f "$shared"*
  find_restorer &
  if ! process_etcdctl etcd "" --command-timeout=600s snapshot save "$inside" >/dev/null 2>"$aside/snapshot.log"; then
    rm -f "$shared"*
    why=$(tail -n 1 "$aside/snapshot.log" | cut -c1-200)
    return 1
  fi
  if ! answer=$(process_etcdctl etcd "" snapshot status "$inside" -w json 2>&1) || ! [[ $answer =~ \"revision\":([0-9]+) ]]; then
    rm -f "$shared"*
    why="this host's etcd gave a snapshot that can't be read: its data is damaged: ${answer:0:200}"
    refuse
  fi
  revision=${BASH_REMATCH[1]}
  new_enough "$shared"*
  keep "$shared" move
  did "live snapshot $aside/snapshot.db: revision $revision, $(stat -c %s "$aside/snapshot.db") bytes"
}

# etcd_answers: true if this host's etcd serves at all. An etcd that was started without quorum, as after a reboot, listens but doesn't answer
# until it has a leader (etcdserver's ReadyNotify comes after its name is published by consensus).
# Asks over HTTPS first, etcdctl in the container second (slower). No second attempt if etcd accepted the connection and timed out: etcdctl
# would time out, too.
etcd_answers() {
  local result=0
  answer_of https://127.0.0.1:2379/version "$own_client" 4 >/dev/null || result=$?
  # 28: curl's status after a time limit
  case $result in 0) return 0 ;; 28) return 1 ;; esac
  time_limit=10 process_etcdctl etcd "" --command-timeout=5s endpoint status >/dev/null 2>&1
}

# find_restorer: asks this host's etcd, if it runs, which of its programs can restore, and whether it can put the revision ahead; writes that
# to $aside/restorer. Without that file the restore tries one program after the other.
find_restorer() {
  local program help="" restorer=""
  for program in etcdutl etcdctl; do
    help=$(time_limit=10 process_exec etcd "$program" snapshot restore --help 2>&1) || true
    if [[ $help == *--mark-compacted* ]]; then
      restorer="$program ahead"
      break
    fi
  done
  [[ -n $restorer || $help != *--data-dir* ]] || restorer=etcdctl
  [[ -n $restorer ]] || return 0
  printf '%s\n' "$restorer" >"$aside/restorer.new"
  put_new "$aside/restorer"
} >/dev/null 2>&1 3>&- 8>&- 9>&-

# database: takes the database itself: beside etcd if etcd doesn't write to it (idle), else after a graceful stop, at which etcd writes out what
# it has in memory. The database of an etcd that was killed may lack entries that only its WAL has. Sets $secured and $revision.
database() {
  local db=/var/lib/etcd/member/snap/db code
  ! idle 3 || return 0
  secured=$db
  rm -f "$aside/snapshot.db"
  process_status etcd
  if [[ $status == running || $status == restarting ]]; then
    stopped=yes
    if ! process_stop 60 etcd; then
      why="etcd can't be stopped for its database"
      return 1
    fi
    code=$(process_exit_code etcd)
    # 143: ended by SIGTERM, which the container's first process doesn't always catch
    [[ $code == 0 || $code == 143 ]] || did "etcd ended with $code when it was stopped: its database may lack the newest writes"
  fi
  check "$db" || return 1
  database_written >"$aside/database"
  did "etcd is stopped; its database $db: revision $revision, $(stat -c %s "$db") bytes (a database has no hash of its own)"
}

# idle SECONDS: restores from the database of the running etcd, if within SECONDS there is a moment at which etcd doesn't write to it; etcd goes
# on. Sets $revision. The database is copied once, by the restore. The copy is checked afterwards, in its restored form: a program that opens
# the database of a running etcd waits for etcd's lock.
idle() {
  local db=/var/lib/etcd/member/snap/db answer
  process_status etcd
  [[ $status == running ]] && until_true "$1" database_idle || return 1
  rm -f "$aside/snapshot.db"
  exec 6< <(answer_of https://127.0.0.1:2379/v3/maintenance/status "$own_client" 2 -d '{}')
  database_written >"$aside/database"
  find_restorer
  if whole "$db" && restore "$db" "$image" "${as[@]}" && readable "$restored/member/snap/db" "${restored##*/}" && database_unchanged; then
    revision=$((revision - ahead))
    answer=$(cat <&6)
    # with a long --backend-batch-interval, entries that etcd has applied may not be in the file yet
    if ! [[ $answer =~ \"revision\":\"?([0-9]+) ]] || ((revision >= BASH_REMATCH[1])); then
      did "etcd's database $db, which it doesn't write to: revision $revision, $(stat -c %s "$db") bytes (a database has no hash of its own)"
      return 0
    fi
    did "etcd's database $db isn't used as it lies: it is at revision $revision, etcd at ${BASH_REMATCH[1]}"
  fi
  rm -rf "$restored" "$aside/database"
  return 1
}

# file PATH: checks a snapshot and secures it. Sets $revision.
file() {
  local file
  find_restorer &
  # PATH may be a link
  file=$(readlink -f "$1") || file=$1
  whole "$file" || return 1
  # the kept file is read: a path with a colon can't be mounted, and RKE, kubespray and KubeKey put the time of day into names
  keep "$file" link
  if ! readable "$secured"; then
    why=${why/"$secured"/"$file"}
    rm -f "$secured"
    return 1
  fi
  did "snapshot $1: revision $revision, $(stat -c %s "$file") bytes, kept as $aside/snapshot.db"
}

# keep FILE move|link: moves or links it to $aside/snapshot.db, so that nobody removes it during the act.
keep() {
  local new=$aside/snapshot.new
  # a killed run may have linked it already, and mv refuses two names of one file
  [[ ! $1 -ef $aside/snapshot.db ]] || return 0
  rm -f "$new"
  if [[ $2 == move ]]; then
    mv "$1" "$new" || unkept "$1"
  else
    ln "$1" "$new" 2>/dev/null || cp --reflink=auto "$1" "$new" || unkept "$1"
  fi
  mv "$new" "$aside/snapshot.db" || unkept "$1"
}
# unkept FILE: ends the step because FILE can't be secured.
unkept() {
  rm -f "$aside/snapshot.new"
  why="$1 can't be kept as $aside/snapshot.db, see above"
  refuse
}

# check FILE: true if the file is whole and readable. Sets $revision.
check() { whole "$1" && readable "$1"; }

# whole FILE: true if the file isn't cut or damaged, and belongs to this cluster. A snapshot ends with the SHA-256 of everything before it (32
# bytes behind pages of 512 or more: etcdctl/snapshot/v3_snapshot.go hasChecksum); a copied database doesn't.
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

# readable FILE [FOLDER]: true if etcdctl can read the file. Sets $revision. FOLDER, if given, is the restored data's folder beside etcd's data: then
# etcdctl in the running etcd's container reads it, which is quicker than a new container.
readable() {
  local file=$1 answer reader=(run_alone "$image" etcdctl --name "$(worker)" --env ETCDCTL_API=3 --read "$1:/source.db" --) seen=/source.db
  if [[ -n ${2:-} ]]; then
    reader=(process_etcdctl etcd "") seen=$etcd_inside/$2/member/snap/db
  fi
  if ! answer=$("${reader[@]}" snapshot status "$seen" -w json 2>&1) || ! [[ $answer =~ \"revision\":([0-9]+) ]]; then
    why="$file can't be read, it is damaged: $(tail -n 1 <<<"$answer" | cut -c1-200)"
    return 1
  fi
  revision=${BASH_REMATCH[1]}
  why="$file holds nothing: its revision is $revision"
  ((revision > 1))
}
