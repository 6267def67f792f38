# needs: lib/etcd/database
# Puts the revision of a database ahead, for an etcd whose `snapshot restore` can't (before 3.4.27 and 3.5.10), so that no client's old revision lies
# in the future. A client that watches from a revision of the lost cluster would hear of nothing until the new one has come as far, and would be
# told of other changes under the same revisions.
#
# etcd notes in bucket `meta` up to which revision it has compacted (finishedCompactRev), and begins with that revision if it is newer than the newest
# key's (mvcc/kvstore.go restore, 3.4 to 3.7). So one number in the file does both: the next write gets a revision behind it, and a watch or a
# read at an older revision is refused as compacted. Nothing of the keys changes. Why it is done so: docs/decisions/27-revisions-never-go-back.md.
# shellcheck shell=bash

# put_ahead FILE BY: makes FILE, the database of an etcd that doesn't run, go on BY revisions behind its newest. Sets $newest, the revision that it was at,
# and $compacted, up to which it had been compacted; 0 if it never was: then etcd has to compact it first, and nothing was written. Returns 1 with $why if
# nothing was written.
put_ahead() {
  local database=$1
  newest=0 compacted=0
  first_page && newest_revision || return 1
  in_bucket meta finishedCompactRev || {
    why="$database was never compacted"
    return 1
  }
  revision_at "$value_at"
  # shellcheck disable=SC2034 # restore.sh reads it
  compacted=$n
  set_revision meta scheduledCompactRev $((newest + $2)) && set_revision meta finishedCompactRev $((newest + $2))
}

# set_revision BUCKET KEY REVISION: writes a revision in the place of the one that is KEY's value. Returns 1 with $why.
set_revision() {
  local bytes="" shift byte
  in_bucket "$1" "$2" || return 1
  why="$2 in $database is no revision"
  ((value_size == 17 && page[value_at + 8] == 95)) || return 1
  for ((shift = 56; shift >= 0; shift -= 8)); do
    printf -v byte '\\x%02x' $(($3 >> shift & 255))
    bytes+=$byte
  done
  why="$database can't be written"
  # shellcheck disable=SC2059 # the bytes are the format
  printf "$bytes" | dd of="$database" bs=1 seek=$((page_at + value_at)) conv=notrunc,fsync 2>/dev/null || return 1
  # shellcheck disable=SC2034 # restore.sh reads it
  why="$2 in $database was written, but what is read back is something else"
  in_bucket "$1" "$2" && revision_at "$value_at" && ((n == $3))
}
