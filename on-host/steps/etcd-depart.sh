# needs: lib/step lib/etcd/leader lib/etcd/membership
# etcd-depart: removes the members of etcd that the topology doesn't have any more: a host that has left it, that has another address now, or
# that has no part in etcd any more. It runs on a voter that stays. Only while the voters that stay are a majority without the one that
# leaves: a cluster without quorum changes no members. At most one voter leaves in one run. If all members are in the topology, or no
# voter serves (before the first `rke up`), nothing changes.
# arguments: STAYING, the peer URLs of the topology's members, separated by commas;  CERTIFICATE, a name that tls_of takes;  IMAGE,
#   etcd's;  URL ..., client URLs of the topology's voters
main() {
  local staying=$1 gone_voters leaving name peer leader=""
  begin "$@"
  ask_members "${@:2}"
  if ! find_quorum; then
    did "no voter serves: there is no cluster that a member could leave"
    finish
    return
  fi
  look_up ""
  # learners first: they cost no vote
  leaving=$(departing "$staying" <<<"$member_list" | sort -t '|' -k 4r)
  gone_voters=$(grep -c '|false$' <<<"$leaving" || true)
  ((gone_voters <= 1)) ||
    die "etcd: $gone_voters voters would leave ($(cut -d '|' -f 2 <<<"$leaving" | paste -sd' ')), one at a time is allowed: take one host out of the topology, run \`up\`, then the next; nothing was changed"
  while IFS='|' read -r id name peer is_learner; do
    [[ -n $id ]] || continue
    [[ $is_learner == true ]] || prepare_loss "$staying"
    remove_member
    did "$name ($peer) is no member of etcd any more"
  done <<<"$leaving"
  if [[ -n $leaving ]]; then
    until_true 60 healthy "$via/health" "$certificate" || die "etcd: $via answers no linearizable read 60 s after the removal"
  else
    did "every member of etcd is in the topology"
  fi
  finish
}

# departing STAYING <MEMBER-LIST: prints "ID|NAME|PEER-URL|LEARNER" for each member of which no peer URL is among STAYING.
departing() {
  awk -F', ' -v staying="$1" '
    BEGIN { count = split(staying, urls, ","); for (i = 1; i <= count; i++) stays[urls[i]] = 1 }
    NF >= 6 {
      kept = 0
      count = split($4, own, ",")
      for (i = 1; i <= count; i++) if (own[i] in stays) kept = 1
      if (!kept) printf "%s|%s|%s|%s\n", $1, ($3 == "" ? "an unstarted member" : $3), $4, $6
    }'
}

# prepare_loss STAYING: makes sure that the voters that stay are a majority without the one that leaves, and that one of them leads.
prepare_loss() {
  local listed names
  listed=$(grep -c 'false$' <<<"$member_list")
  until_true 60 majority_without "$((listed - 1))" ||
    die "etcd: $name can't leave: only $(voters_left) of the $((listed - 1)) voters that stay answer, no majority; start etcd there first, nothing was changed"
  names=$(awk -F', ' -v gone="$id" '$1 != gone && $6 == "false" { print $3 }' <<<"$member_list" | paste -sd,)
  # if a leader is removed, the others must hold an election, and writes wait for it
  until_true 60 leader_moved "$names" "$via" ||
    die "etcd: the leader could not be moved to one of $names within 60 s; nothing was changed: $(tail -n 1 "$state/leader.log" | cut -c1-300)"
  did "etcd's leader is $leader"
}
