# needs: nothing
# Reads etcd's database as a file, without etcd. Only for one that no etcd has open, or one that is a copy: pages that are being written are read as they lie.
#
# The file's format (bbolt page.go, bucket.go, db.go): pages of one size. A page begins with its number (8 bytes), what it is (2 bytes: 1 branch, 2 leaf),
# the number of its elements (2) and how many more pages it takes (4). Then its elements stand, of 16 bytes each; a key lies at the element's
# own address plus its field `pos`, a leaf's value behind it. A bucket is a value: the number of its first page (8 bytes) and a counter (8); if that
# number is 0, the page itself stands behind them. Data pages have no checksum.
# shellcheck shell=bash
database_branch=1 database_leaf=2

# revision_of FILE: prints the newest revision in this database; nothing if it isn't one. What only the WAL has isn't in it.
revision_of() {
  # shellcheck disable=SC2034 # first_page and the others read or set them
  local database=$1 page_size root newest page page_at key_at key_size value_at value_size n why
  ! { first_page && newest_revision; } || printf '%s\n' "$newest"
}

# first_page: sets $page_size and $root, the number of the page in which all buckets stand. The first two pages each hold a description of the file
# (db.go meta); the one with the newer transaction counts, if its checksum is right.
first_page() {
  local at fields transaction newest=-1
  why="$database isn't a database of etcd"
  page_size=$(od -An -v -tu4 -j 24 -N 4 "$database" 2>/dev/null) || return 1
  page_size=$((page_size))
  ((page_size >= 512 && page_size <= 65536 && (page_size & page_size - 1) == 0)) || return 1
  for at in 16 $((page_size + 16)); do
    # magic number, version, size of a page, flags; then of 8 bytes each the root and its counter, free list, end, transaction, checksum
    # shellcheck disable=SC2207 # numbers, one a word
    fields=($(od -An -v -tu4 -j "$at" -N 16 "$database") $(od -An -v -td8 -j $((at + 16)) -N 48 "$database"))
    ((${#fields[@]} == 10 && fields[0] == 0xed0cdaed && fields[1] == 2)) || continue
    transaction=${fields[8]}
    ((fields[9] == $(fnv1a "$at" 56) && transaction > newest)) || continue
    newest=$transaction root=${fields[4]}
  done
  ((newest >= 0))
}

# fnv1a OFFSET SIZE: prints the 64 bit FNV-1a hash of these bytes, as a signed number.
fnv1a() {
  local hash=-3750763034362895579 byte
  for byte in $(od -An -v -tu1 -j "$1" -N "$2" "$database"); do hash=$(((hash ^ byte) * 1099511628211)); done
  printf '%s' "$hash"
}

# read_page NUMBER: sets $page, its bytes, and $page_at, where it begins in the file. Returns 1 with $why if it isn't as bbolt writes it.
read_page() {
  local more
  page_at=$(($1 * page_size))
  why="page $1 of $database isn't as etcd writes it"
  # shellcheck disable=SC2207 # numbers, one a word
  page=($(od -An -v -tu1 -j "$page_at" -N "$page_size" "$database" 2>/dev/null))
  ((${#page[@]} == page_size)) && number 0 8 && ((n == $1)) || return 1
  number 12 4
  more=$n
  ((more < 256)) || return 1
  # shellcheck disable=SC2207
  ((more == 0)) || page+=($(od -An -v -tu1 -j $((page_at + page_size)) -N $((more * page_size)) "$database"))
}

# number INDEX SIZE: sets $n, the number that stands at $page[INDEX], little endian.
number() {
  local i
  n=0
  for ((i = $1 + $2 - 1; i >= $1; i--)); do n=$((n << 8 | page[i])); done
}

# element FROM NTH: of the page that begins at $page[FROM], sets $key_at, $key_size, and of a leaf $value_at and $value_size, of a branch $child.
element() {
  local at=$(($1 + 16 + 16 * $2))
  if ((kind == database_branch)); then
    number "$at" 4 && key_at=$((at + n))
    number $((at + 4)) 4 && key_size=$n
    number $((at + 8)) 8 && child=$n
  else
    number $((at + 4)) 4 && key_at=$((at + n))
    number $((at + 8)) 4 && key_size=$n value_at=$((key_at + n))
    number $((at + 12)) 4 && value_size=$n
  fi
  ((key_at + key_size <= ${#page[@]}))
}

# choose KEY: goes from the page that begins at $page[$from] down to the leaf that may have KEY, and sets what element sets. Without KEY it is the last element.
# Returns 1 if the leaf doesn't have it, with $why.
choose() {
  local wanted=() i nth order count depth kind child
  for ((i = 0; i < ${#1}; i++)); do printf -v "wanted[i]" '%d' "'${1:i:1}"; done
  for ((depth = 0; depth < 16; depth++)); do
    number $((from + 8)) 2 && kind=$n
    number $((from + 10)) 2 && count=$n
    why="$database has no ${1:-key}"
    ((count > 0 && (kind == database_leaf || kind == database_branch))) || return 1
    if ((${#wanted[@]} == 0)); then
      element "$from" $((count - 1)) || return 1
      ((kind == database_branch)) || return 0
    else
      # a branch's element leads to all keys from its own to the next one's
      for ((nth = count - 1; nth >= 0; nth--)); do
        element "$from" "$nth" || return 1
        compare
        ((order > 0)) || break
      done
      if ((kind == database_leaf)); then
        ((nth >= 0 && order == 0))
        return
      fi
      ((nth >= 0)) || element "$from" 0 || return 1
    fi
    read_page "$child" || return 1
    from=0
  done
  return 1
}

# compare: sets $order to 0 if the element's key is $wanted, to 1 if it comes behind it, to -1 if before.
compare() {
  local i a b
  for ((i = 0; i < key_size || i < ${#wanted[@]}; i++)); do
    a=$((i < key_size ? page[key_at + i] : -1)) b=${wanted[i]:--1}
    order=$((a > b ? 1 : a < b ? -1 : 0))
    ((order == 0)) || return 0
  done
}

# in_bucket BUCKET [KEY]: sets $value_at and $value_size of KEY's value, and $key_at of its key; without KEY those of the bucket's last. Returns 1 with $why.
in_bucket() {
  local from=0 first
  read_page "$root" && choose "$1" || return 1
  number "$value_at" 8
  first=$n
  if ((first == 0)); then
    from=$((value_at + 16))
  else
    read_page "$first" || return 1
    from=0
  fi
  choose "${2:-}"
}

# newest_values FILE: prints the newest values in this database, at most 8, each as a line of base64: an mvccpb.KeyValue. They are those of its last leaf;
# values of more than 64 KiB are left out.
newest_values() {
  # shellcheck disable=SC2034 # first_page and the others read or set them
  local database=$1 page_size root page page_at key_at key_size value_at value_size n why nth count kind=$database_leaf
  first_page && in_bucket key || return 0
  # a bucket that stands within its parent's page has no leaf of its own: such a database holds next to nothing
  number 8 2 && ((n == database_leaf)) || return 0
  number 10 2 && count=$n
  for ((nth = count - 1; nth >= 0 && nth >= count - 8; nth--)); do
    element 0 "$nth" || return 0
    ((value_size <= 65536)) || continue
    dd if="$database" bs=64k iflag=skip_bytes,count_bytes skip=$((page_at + value_at)) count="$value_size" 2>/dev/null | base64 -w 0
    printf '\n'
  done
}

# newest_revision: sets $newest: a key of bucket `key` is a revision, in their order: main (8 bytes, big endian), "_", sub (8 bytes); a deletion has "t" behind it.
newest_revision() {
  in_bucket key || return 1
  why="$database holds nothing"
  ((key_size >= 17 && page[key_at + 8] == 95)) || return 1
  revision_at "$key_at"
  newest=$n
}

# revision_at INDEX: sets $n, the main revision that stands at $page[INDEX], big endian.
revision_at() {
  local i
  n=0
  for ((i = $1; i < $1 + 8; i++)); do n=$((n << 8 | page[i])); done
}
