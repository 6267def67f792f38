# needs: nothing
# Reads the newest file of etcd's WAL: its last entry, and the commit index (HardState.Commit), the index up to which etcd has noted that all entries
# are committed. Only that file has to be read: its name says the index before its first entry, and it begins with a HardState.
#
# The format (etcd server/wal: encoder.go, decoder.go, wal.go): a file is a chain of records, each at an offset divisible by 8. A record begins with
# 8 bytes, little endian: its length and, if zeros are added behind the record, 0x80 + their number in the highest byte. A length of 0 ends the
# chain. Behind these bytes stands walpb.Record{1: type, 2: crc, 3: data}. crc is the CRC-32C of the data of all records up to this one, also of
# those in earlier files.
# shellcheck shell=bash
wal_entry=2 wal_state=3

# read_wal FOLDER: reads the newest file in FOLDER (member/wal). Sets
#   $wal         the file
#   $wal_end     the offset at which its records end
#   $last_entry  the last entry's index;  $entry_term, its term
#   $committed   the commit index;  $state_term and $state_vote, term and vote of the same HardState (the vote as the bytes of a varint)
#   $last_crc    the last record's checksum
# A last record that was being written when etcd was killed isn't counted, as etcd itself cuts it off (decoder.go isTornEntry).
# Returns 1 with $why if the file isn't as etcd writes it.
read_wal() {
  local name limit at before entry_at state_at ending=""
  wal=$(find -H "$1" -maxdepth 1 -name '*.wal' 2>/dev/null | sort | tail -n 1)
  why="$1 holds no WAL"
  [[ -n $wal ]] || return 1
  limit=$(stat -c %s "$wal")
  read_offsets || return 1
  if [[ $ending != whole ]]; then
    why="$wal isn't as etcd writes it, at byte $wal_end"
    [[ $ending == cut ]] || { [[ $ending != foreign ]] && torn $((wal_end + 8)) "$ending"; } || return 1
  elif read_record "$at" && torn $((at + 8)) "$record_end" && ! checksum_follows "$before" "$at"; then
    limit=$at
    read_offsets || return 1
  fi
  why="$wal has no HardState, so its commit index isn't known"
  [[ $state_at != -1 ]] && read_record "$at" || return 1
  last_crc=$record_crc
  read_record "$state_at" || return 1
  state_term=${record_field[1]} state_vote=("${record_vote[@]}") committed=${record_field[3]}
  if [[ $entry_at == -1 ]]; then
    # the file is new and has no entry yet; its name is SEQUENCE-INDEX.wal, INDEX that of its first entry
    name=${wal##*-}
    last_entry=$((16#${name%.wal} - 1)) entry_term=$state_term
  else
    read_record "$entry_at" || return 1
    last_entry=${record_field[3]} entry_term=${record_field[2]}
  fi
  # a snapshot that a leader has sent may reach further than the entries
  ((last_entry >= committed)) || last_entry=$committed
}

# read_offsets: finds the records of $wal before byte $limit. Sets the offsets of the last record ($at), of the one before it ($before), of the last
# entry ($entry_at) and of the last HardState ($state_at), each -1 if there is none; $wal_end; and $ending:
#   whole    the chain ends with zeros or with the file
#   cut      the file ends within the record at $wal_end
#   foreign  the record at $wal_end would be longer than any of etcd's
#   OFFSET   what begins at $wal_end and ends at OFFSET is no record
# Returns 1 with $why if the file can't be read. It is read as base64, because awk can't read bytes: 64 MB take a third of a second; by od, two.
read_offsets() {
  # shellcheck disable=SC2016 # awk's variables
  read -r at before entry_at state_at wal_end ending < <({ base64 -w 32768 "$wal" || true; } 2>/dev/null | awk -v limit="$limit" '
    function byte(o,  p, g, r) {
      while (o >= begin + 24576) { if ((getline text) <= 0) return 0; begin += 24576 }
      p = o - begin; r = p % 3; g = (p - r) / 3 * 4 + 1
      if (r == 0) return value[substr(text, g, 1)] * 4 + int(value[substr(text, g + 1, 1)] / 16)
      if (r == 1) return value[substr(text, g + 1, 1)] % 16 * 16 + int(value[substr(text, g + 2, 1)] / 4)
      return value[substr(text, g + 2, 1)] % 4 * 64 + value[substr(text, g + 3, 1)]
    }
    BEGIN {
      alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      for (i = 1; i <= 64; i++) value[substr(alphabet, i, 1)] = i - 1
      begin = -24576; at = before = entry = state = -1; end = 0; ending = "whole"
      while (end + 8 <= limit) {
        size = byte(end) + 256 * byte(end + 1) + 65536 * byte(end + 2) + 16777216 * byte(end + 3)
        high = byte(end + 7)
        if (size == 0 && high == 0) break
        size += 8 + (high >= 128 ? high % 8 : 0)
        ending = end + size
        # the largest record of etcd (decoder.go maxWALEntrySizeLimit)
        if (ending > limit) { ending = size <= 10485760 ? "cut" : "foreign"; break }
        if (size % 8 || byte(end + 8) != 8) break
        type = byte(end + 9)
        if (type == 2) entry = end; else if (type == 3) state = end; else if (type < 1 || type > 5) break
        ending = "whole"
        before = at; at = end; end += size
      }
      print at, before, entry, state, end, ending
    }') || true
  why="$wal can't be read"
  [[ -n $ending ]]
}

# read_record OFFSET: reads the record there. Sets $record_type, $record_crc, $record_end, $record_data and $record_size (offset and size of its data, in
# bytes), $record_field (the first three fields of the data, numbers: of an entry, 2 is the term and 3 the index; of a HardState, 1 is the term and
# 3 the commit index) and $record_vote (field 2 as the bytes of a varint). Returns 1 if no record begins there.
read_record() {
  local head size i=8 tag n shift from depth=0
  record_type=0 record_crc=0 record_data=0 record_size=0 record_field=(0 0 0 0) record_vote=(0)
  # shellcheck disable=SC2207 # numbers, one a word
  head=($(od -An -v -tu1 -j "$1" -N 80 "$wal" 2>/dev/null))
  ((${#head[@]} > 12)) || return 1
  size=$((head[0] | head[1] << 8 | head[2] << 16 | head[3] << 24))
  ((size > 0)) || return 1
  record_end=$(($1 + 8 + size + (head[7] & 128 ? head[7] & 7 : 0)))
  while ((i < ${#head[@]} && depth < 2)); do
    tag=${head[i]} n=0 shift=0 from=$((i + 1))
    while ((++i < ${#head[@]})); do
      n=$((n | (head[i] & 127) << shift)) shift=$((shift + 7))
      ((head[i] >= 128)) || break
    done
    i=$((i + 1))
    # depth 0: the record's own fields; 1: those of its data
    case $depth-$tag in
      0-8) record_type=$n ;;
      0-16) record_crc=$n ;;
      0-26) depth=1 record_data=$(($1 + i)) record_size=$n ;;
      1-8 | 1-16 | 1-24)
        record_field[tag / 8]=$n
        ((tag != 16)) || record_vote=("${head[@]:from:i-from}")
        ((tag != 24)) || depth=2
        ;;
      *) depth=2 ;;
    esac
  done
}

# torn FROM TO: true if one of the sectors between these offsets has nothing but zeros: it was never written (decoder.go isTornEntry).
torn() {
  local aligned=$((($1 / 512 + 1) * 512))
  ((aligned < $2)) || aligned=$2
  {
    od -An -v -tx1 -w512 -j "$1" -N $((aligned - $1)) "$wal"
    ((aligned >= $2)) || od -An -v -tx1 -w512 -j "$aligned" -N $(($2 - aligned)) "$wal"
  } | grep -E '^( 00)+ *$' >/dev/null
}

# checksum_follows BEFORE OFFSET: true if the record at OFFSET has the checksum that follows from the record at BEFORE.
checksum_follows() {
  local before content
  read_record "$1" || return 1
  before=$record_crc
  read_record "$2" || return 1
  # shellcheck disable=SC2207 # numbers, one a word
  content=($(od -An -v -tu1 -j "$record_data" -N "$record_size" "$wal"))
  (($(crc32c "$before" ${content[@]+"${content[@]}"}) == record_crc))
}

# crc32c BEFORE BYTE ...: prints the CRC-32C (Castagnoli's polynomial), continued from BEFORE as by Go's hash/crc32.
crc32c() {
  local crc=$(($1 ^ 0xffffffff)) table=() i k byte
  for ((i = 0; i < 256; i++)); do
    byte=$i
    for ((k = 0; k < 8; k++)); do byte=$((byte & 1 ? byte >> 1 ^ 0x82f63b78 : byte >> 1)); done
    table[i]=$byte
  done
  shift
  for byte in "$@"; do crc=$((table[(crc ^ byte) & 255] ^ crc >> 8)); done
  printf '%s' $((crc ^ 0xffffffff))
}
