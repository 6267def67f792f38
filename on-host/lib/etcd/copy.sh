# needs: lib/step lib/files lib/process lib/client lib/etcd/data lib/etcd/commit lib/etcd/force
# Copies etcd's data to $copy, and works on the copy.
# `set -e` is off inside these functions, because they are called from `if`, `&&` and `||`: every failure is handled by hand.
# shellcheck shell=bash

# copied ENDPOINT: copies the data of this host's etcd, whether it runs or not. ENDPOINT is its client URL. Sets $before (see answers, files_copied),
# $index and $revision, and $how it was copied. On failure it returns 1 and sets $why.
copied() { { answers "$1" && { files_copied 0 || live_copy; }; } || files_copied 3; }

# answers ENDPOINT: sets $before to the index that this host's etcd has committed, and $revision; the next step compares $before with the index then.
# If etcd doesn't answer it returns 1 and sets $why.
answers() {
  process_status etcd
  why="container etcd is $status"
  [[ $status == running ]] || return 1
  why="etcd runs and answers nothing, as where it was started without quorum"
  ask_etcd "$1" "$own_client" || return 1
  before="index $index" why=""
}

# files_copied SECONDS: copies etcd's files, if within SECONDS there is a moment at which the database isn't being written to. Sets $how. If
# etcd didn't answer before ($why says so), it sets $before to the time and size of the database, which the next step compares.
# On failure it returns 1 and sets $why.
files_copied() {
  local reason=$why and=${why:+$why, and } written
  no_copy
  why="${and}/var/lib/etcd/member/snap/db is missing or written to"
  until_true "$1" database_idle || return 1
  written=$(database_written)
  [[ -z $reason ]] || before="written $written"
  how="its files${reason:+ ($reason)}"
  folders
  why="${and}its files can't be copied"
  copy_content /var/lib/etcd/member/snap/db "$copy/member/snap/db" || return 1
  logs || return 1
  why="${and}its database was written to meanwhile"
  [[ $written == "$(database_written)" ]]
}

# live_copy: copies by a live snapshot, which becomes the database; entries that it lacks are in the WAL's files. (Files *.tmp of the WAL are left
# out: etcd makes them ahead, 64 MB each, and they are empty.) Sets $how; on failure it returns 1 and sets $why.
live_copy() {
  local db=$copy/member/snap/db
  no_copy
  how="a live snapshot"
  folders
  if ! process_etcdctl etcd "" --command-timeout=600s snapshot save "$etcd_inside/${copy##*/}/member/snap/db" >/dev/null 2>"$aside/snapshot.log"; then
    why="no live snapshot: $(tail -n 1 "$aside/snapshot.log" | cut -c1-200)"
    return 1
  fi
  why="the live snapshot can't be kept"
  # a snapshot has a hash of 32 bytes behind its last page, which a database doesn't have; `snapshot restore` cuts it off, too
  (($(stat -c %s "$db") % 512 != 32)) || truncate -s -32 "$db" || return 1
  logs
}

# folders: makes the folders of the copy.
folders() {
  mkdir -p "$copy"/member/{snap,wal}
  # RKE's etcd may run as another user than root (services.etcd.uid), to whom the folder belongs then
  chown -R --reference=/var/lib/etcd "$copy"
}

# logs: copies the WAL and raft's snapshots.
logs() {
  local member=/var/lib/etcd/member
  files_copied_to "$copy/member/wal" "$member"/wal/*.wal && files_copied_to "$copy/member/snap" "$member"/snap/*.snap || return 1
  chown -R --reference=/var/lib/etcd "$copy"
}

# files_copied_to FOLDER FILE ...: copies them, unless the one FILE is a pattern that no file matches.
files_copied_to() { [[ $# == 2 && ! -e $2 ]] || copy_content -t "$@"; }

# replayed ENDPOINT BODY: makes the copy, with everything that its WAL has in its database: commits the WAL's last entry (commit_all), and lets an
# etcd without network (BODY, for process_create) apply it, which etcd does at any start, also without the other members.
# Then it stops that etcd. Sets $applied, the revision that the copy's database must have. On failure it returns 1 and sets $why, and $damaged
# if the data is the reason.
replayed() {
  local pid
  damaged=""
  why="this host has no nsenter (util-linux), and an etcd without network can only be asked by that"
  command -v nsenter >/dev/null || return 1
  copied "$1" || return 1
  damaged=yes
  commit_all "$copy/member/wal" || return 1
  damaged=""
  undo_if_failed process_drop "$forced"
  why="the runtime can't start it"
  (process_create "$forced" "$2") || return 1
  process_start "$forced" || return 1
  pid=$(process_pid "$forced") || return 1
  ask_within "$pid"
  if ! until_true 300 all_applied || network_is_gone; then
    why="an etcd without network hasn't applied its entries up to $last_entry: $(reason_in_log "$forced")"
    [[ ! $why =~ [Pp]anic|[Cc]orrupt|checksum|crc\ |invalid ]] || damaged=yes
    return 1
  fi
  # shellcheck disable=SC2034 # only step source reads it
  applied=$(metric etcd_debugging_mvcc_current_revision)
  # until it has a leader etcd doesn't catch SIGTERM (etcdmain waits for ReadyNotify first): the stop doesn't write out what it has in memory
  why="an etcd without network goes on writing to its database"
  until_true 60 all_written || return 1
  why="it can't be stopped"
  process_stop 60 "$forced" || return 1
  ask_within
  drop "$forced"
  undo_if_failed
}

# all_applied: true if the etcd without network has applied the last entry, or has ended.
all_applied() { network_is_gone || (($(metric etcd_server_proposals_applied_total) >= last_entry)); }

# all_written: true if everything that it has applied is in its file: it was given a commit interval of 10 ms, and made no commit for 0.5 s.
all_written() {
  local commits
  commits=$(metric etcd_disk_backend_commit_duration_seconds_count)
  sleep 0.5
  ((commits > 0 && commits == $(metric etcd_disk_backend_commit_duration_seconds_count)))
}

# metric NAME: prints one of its metrics, which etcd serves also without a leader; 0 if it doesn't answer (yet).
metric() {
  { nsenter -t "$network_of" -n curl -sf --max-time 10 http://127.0.0.1:2381/metrics 2>/dev/null </dev/null || true; } |
    awk -v name="$1" '$1 == name { at = $2 } END { printf "%.0f", at }'
}
