# needs: lib/step lib/etcd/election
# Compares the data of members. Two members with the same raft index and almost the same revision may still hold different keys, for ever and
# without an alarm (docs/decisions/25-equal-or-no-vote.md); only a hash of all keys shows it. At its peer port a member answers
# GET /members/hashkv with a hash of all keys and their revisions up to a given one (etcdserver/corrupt.go). A learner does so, too; at its client
# port it refuses `etcdctl endpoint hashkv`.
# shellcheck shell=bash

# same_data CERTIFICATE LEAST NAME=PEER-URL ...: compares these members at one revision, LEAST or later. Sets $compared, a sentence with the hashes.
# Returns 0 if all have the same data, and 1 if they differ three times: while etcd compacts, the hashes of equal data may differ.
# Returns 2 with $why if they couldn't be compared within 300 s.
same_data() {
  local deadline result differed=0
  deadline=$(($(now_ms) + 300000))
  while :; do
    result=0
    hashes_equal "$@" || result=$?
    case $result in
      0) return 0 ;;
      1) ((++differed < 3)) || return 1 ;;
    esac
    (($(now_ms) < deadline)) || return "$result"
    sleep 1
  done
}

# hashes_equal CERTIFICATE LEAST NAME=PEER-URL ...: the same, once.
hashes_equal() {
  local certificate=$1 least=$2 member at=0 first="" same=0 hashes=() names=()
  shift 2
  for member; do
    # the first one says its newest revision; a member that isn't there yet answers with an error (3.5), or ends the connection (3.4)
    why="${member%%=*} gives no hash of its data at revision $at (0: its newest)"
    hash_at "$certificate" "${member#*=}" "$at" || return 2
    if [[ -z $first ]]; then
      at=$hash_revision first="$hash $hash_compacted"
      why="${member%%=*} is at revision $at, not yet at $least"
      ((at >= least)) || return 2
    fi
    why="${member%%=*} is compacted at $hash_compacted, another member at ${first#* }"
    [[ $hash_compacted == "${first#* }" ]] || return 2
    [[ $hash == "${first% *}" ]] || same=1
    names+=("${member%%=*}")
    hashes+=("${member%%=*} has $hash")
  done
  if ((same == 0)); then
    compared="hash ${first% *} of all keys at revision $at on $(listed "${names[@]}")"
  else
    compared="hashes of all keys at revision $at: $(listed "${hashes[@]}")"
  fi
  return "$same"
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
