# needs: lib/etcd/wal
# Keeps --force-new-cluster from discarding acknowledged writes. etcd syncs an entry to its WAL before it acknowledges it, but it notes only later, and
# unsynced, that the entry is committed (HardState.Commit). --force-new-cluster discards every entry behind that commit index. So a record is
# appended to the WAL that commits its last entry. By this, an entry that was never acknowledged may become a write, as at any election.
# Why the file is written, and no raft message is sent: docs/decisions/24-what-the-wal-has-is-kept.md.
# shellcheck shell=bash

# commit_all FOLDER: commits the last entry of the WAL in FOLDER (member/wal) by a record, unless it is committed already. No etcd may have the
# folder open. Sets what read_wal sets, $wal_end behind the new record, and $newly_committed, the number of entries that weren't committed before.
# Returns 1 with $why; if the file isn't as etcd writes it, nothing was written.
commit_all() {
  local hard_state=() frame=() i pad size end vote term
  read_wal "$1" || return 1
  newly_committed=$((last_entry - committed))
  ((newly_committed > 0)) || {
    newly_committed=0
    return 0
  }
  term=$state_term vote=("${state_vote[@]}")
  # an entry of a newer term may be written before the HardState of that term; then this member hasn't voted in it
  ((entry_term <= term)) || { term=$entry_term && vote=(0); }
  # raftpb.HardState{1: term, 2: vote, 3: commit}
  # shellcheck disable=SC2207 # bytes, one a word
  hard_state=(8 $(varint_of "$term") 16 "${vote[@]}" 24 $(varint_of "$last_entry"))
  # shellcheck disable=SC2207
  frame=(8 "$wal_state" 16 $(varint_of "$(crc32c "$last_crc" "${hard_state[@]}")") 26 "${#hard_state[@]}" "${hard_state[@]}")
  pad=$(((8 - ${#frame[@]} % 8) % 8))
  frame=("${#frame[@]}" 0 0 0 0 0 0 $((pad ? 128 | pad : 0)) "${frame[@]}")
  for ((i = 0; i < pad; i++)); do frame+=(0); done
  end=$((wal_end + ${#frame[@]})) size=$(stat -c %s "$wal")
  why="$wal can't be written"
  # behind the last whole record, part of another may lie; and the file keeps its size, to which etcd makes it ahead
  truncate -s "$wal_end" "$wal" || return 1
  # shellcheck disable=SC2059 # the bytes are the format
  printf "$(printf '\\x%02x' "${frame[@]}")" >>"$wal" || return 1
  ((size <= end)) || truncate -s "$size" "$wal" || return 1
  dd if=/dev/null of="$wal" conv=notrunc,fsync 2>/dev/null || return 1
  why="$wal was written, but what is read back at byte $wal_end is something else"
  read_record "$wal_end" && ((record_type == wal_state && record_field[3] == last_entry && record_end == end)) || return 1
  wal_end=$end
}

# nothing_discarded: true if --force-new-cluster, run after commit_all, discarded no entry. The flag writes entries of its own (the removal of each
# other member) in the place of those that it discards: the first one has the index behind $last_entry only if none was discarded.
# Otherwise it returns 1 and sets $why.
nothing_discarded() {
  local at=$wal_end
  why="--force-new-cluster left no entry in $wal behind byte $wal_end"
  while read_record "$at"; do
    if ((record_type == wal_entry)); then
      why="--force-new-cluster discarded entries from ${record_field[3]} on, the WAL had them up to $last_entry"
      ((record_field[3] == last_entry + 1))
      return
    fi
    at=$record_end
  done
  return 1
}

# varint_of NUMBER: prints the bytes of a protobuf varint, as numbers.
varint_of() {
  local n=$1
  while ((n >= 128)); do
    printf '%s ' $((n & 127 | 128))
    n=$((n >> 7))
  done
  printf '%s' "$n"
}
