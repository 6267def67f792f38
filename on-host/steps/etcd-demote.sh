# needs: lib/docker lib/etcd/data lib/etcd/leader lib/etcd/membership
# etcd-demote: takes away this host's vote in etcd, which a failover gave it. etcd turns no voter into a learner: the member
# is removed, by the others and only while they are a majority without it, and what ran it is set aside. Whether it comes
# back as a learner is the next step's affair. A rerun finds a learner, or no member, and goes on from there.
# Sent after quarantine, leader and etcd-membership, whose functions it uses.
# arguments: PREFERRED, names of members, one of whom shall lead, separated by commas;  PEER, this member's peer URL;
#   CERTIFICATE, a name in /etc/kubernetes/ssl;  IMAGE, etcd's;  URL ..., client URLs of the other voters
main() {
  local preferred=$1 peer=$2 old=etcd-before-epoch-$epoch snapshots=etcd-rolling-snapshots listed leader=""
  certificate=$3 image=$4 voters=("${@:5}")
  begin "$@"
  find_quorum || die "etcd: none of the other voters answers a linearizable read (${voters[*]}); nothing was changed"
  look_up "$peer"
  if [[ $is_learner == true ]]; then
    did "etcd here has no vote: it is a learner already"
    finish
    return
  fi
  if [[ -n $id ]]; then
    listed=$(grep -c 'false$' <<<"$member_list")
    until_true 60 majority_without "$((listed - 1))" ||
      die "etcd: only $(voters_left) of the $((listed - 1)) other voters answer, no majority without this one; nothing was changed"
    # a leader that is removed leaves the others to an election
    if [[ $(own_status 5) == true ]]; then
      until_true 60 leader_moved "$preferred" "$via" || die "etcd: this member leads, and the leader could not be moved to one of $preferred within 60 s; nothing was changed"
      did "etcd's leader is $leader"
    fi
    remove_member
  fi
  look "$old"
  if [[ $found == missing ]]; then
    look etcd
    [[ $found == missing ]] || set_container_aside etcd "$old" 10
  fi
  look "$snapshots"
  # RKE runs it beside its etcd, and takes this host for one that never had etcd
  [[ $found == missing ]] || set_container_aside "$snapshots" "$snapshots-before-epoch-$epoch" 1
  look etcd
  # once: what a later member leaves here is the next step's to set aside
  if [[ $found == missing && ! -e $aside/etcd-data ]]; then
    member_aside etcd-data
  fi
  did "etcd here has no vote any more; the other voters go on"
  finish
}

# majority_without VOTERS: whether enough of the others answer once they are the only ones.
majority_without() { (($(voters_left) >= $1 / 2 + 1)); }
