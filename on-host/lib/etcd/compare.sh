# needs: lib/step lib/etcd/election
# Compares the data of members. Two members with the same raft index and almost the same revision may still hold different keys, for ever and
# without an alarm (docs/decisions/26-equal-or-no-vote.md); only a hash of all keys shows it. At its peer port a member answers
# GET /members/hashkv with a hash of all keys and their revisions up to a given one (etcdserver/corrupt.go). A learner does so, too; at its client
# port it refuses `etcdctl endpoint hashkv`.
# shellcheck shell=bash

# same_data CERTIFICATE NAME=PEER-URL ...: compares these members at one revision, at least the newest that any of them had at the begin: so it is past
# the last write before any recovery. Sets $compared, a sentence with the hashes. Returns 0 if all have the same data; 1 if their hashes
# differ three times (while etcd compacts, the hashes of equal data may differ), or if one stays behind for 60 s: a member that lacks entries
# is at an older revision for ever, although its raft index is the others'. Returns 2 with $why if they couldn't be compared within 300 s.
same_data() {
  local begin result differed=0 least=0
  begin=$(up_ms)
  while :; do
    result=0
    hashes_equal "$@" || result=$?
    ((result == 2 || least > 0)) || least=$newest
    if ((result == 1)); then
      ((++differed < 3)) || return 1
    elif ((result == 0)); then
      ((at < least)) || return 0
      compared="$compared, but one of them stays there, and another was at $least"
      (($(up_ms) - begin < 60000)) || return 1
    fi
    (($(up_ms) - begin < 300000)) || return "$result"
    sleep 1
  done
}

# hashes_equal CERTIFICATE NAME=PEER-URL ...: compares them once, at the newest revision that all of them have: $at. Sets $newest, the newest that
# one of them has, and $compared. Returns 1 if their hashes differ, 2 with $why if one doesn't give its hash, or is being compacted.
hashes_equal() {
  local certificate=$1 member name i differ=0 all=() revisions=() compactions=() found=() names=()
  shift
  at="" newest=0
  for member; do
    why="${member%%=*} gives no hash of its data"
    hash_at "$certificate" "${member#*=}" 0 || return 2
    [[ -n $at ]] && ((at <= hash_revision)) || at=$hash_revision
    ((newest >= hash_revision)) || newest=$hash_revision
    all+=("$hash") revisions+=("$hash_revision") compactions+=("$hash_compacted")
  done
  for ((i = 0; i < $#; i++)); do
    member=${*:i+1:1} name=${member%%=*}
    if ((revisions[i] > at)); then
      why="$name gives no hash of its data at revision $at"
      hash_at "$certificate" "${member#*=}" "$at" || return 2
      all[i]=$hash compactions[i]=$hash_compacted
    fi
    why="$name is compacted at revision ${compactions[i]}, ${1%%=*} at ${compactions[0]}"
    [[ ${compactions[i]} == "${compactions[0]}" ]] || return 2
    [[ ${all[i]} == "${all[0]}" ]] || differ=1
    names+=("$name")
    found+=("$name has ${all[i]}")
  done
  if ((differ == 0)); then
    compared="hash ${all[0]} of all keys at revision $at on $(listed "${names[@]}")"
  else
    compared="hashes of all keys at revision $at: $(listed "${found[@]}")"
  fi
  return "$differ"
}

# hash_at CERTIFICATE PEER-URL REVISION: sets $hash, that member's hash at REVISION (0: its newest); $hash_revision, its newest; and $hash_compacted,
# the revision at which it is compacted (-1: at none). Returns 1 if it doesn't say so. Of 2 GB, the hash takes some seconds.
hash_at() {
  local answer
  answer=$(to_peer "$1" --max-time 120 -X GET -d "{\"revision\":$3}" "$2/members/hashkv" </dev/null) || return 1
  [[ $answer =~ \"hash\":\"?([0-9]+) ]] || return 1
  hash=${BASH_REMATCH[1]}
  [[ $answer =~ \"revision\":\"?([0-9]+) ]] || return 1
  hash_revision=${BASH_REMATCH[1]}
  [[ $answer =~ \"compact_revision\":\"?(-?[0-9]+) ]] || return 1
  hash_compacted=${BASH_REMATCH[1]}
}

# listed TEXT ...: prints the texts, separated by commas.
listed() {
  local text
  printf -v text '%s, ' "$@"
  printf '%s' "${text%, }"
}
