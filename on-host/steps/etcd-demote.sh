# needs: lib/process lib/etcd/data lib/etcd/leader lib/etcd/membership
# etcd-demote: takes away this host's vote in etcd, which a failover gave it. etcd can't turn a voter into a learner, so the other voters
# remove the member, and only while they are a majority without it; then its container and data are set aside. The next step adds it
# as a learner if the topology has one here. A rerun finds a learner, or no member, and goes on from there.
# arguments: PREFERRED, names of members, one of which is to lead, separated by commas;  PEER, this member's peer URL;
#   CERTIFICATE, a name in /etc/kubernetes/ssl;  IMAGE, etcd's;  URL ..., client URLs of the other voters
main() {
  local preferred=$1 peer=$2 old=etcd-before-epoch-$epoch snapshots=etcd-rolling-snapshots listed leader=""
  begin "$@"
  ask_members "${@:3}"
  find_quorum || die "etcd: none of the other voters answers a linearizable read (${*:5}); nothing was changed"
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
    # if a leader is removed, the others must hold an election, and writes wait for it
    if [[ $(own_status 5) == true ]]; then
      until_true 60 leader_moved "$preferred" "$via" || die "etcd: this member leads, and the leader could not be moved to one of $preferred within 60 s; nothing was changed"
      did "etcd's leader is $leader"
    fi
    remove_member
  fi
  process_status "$old"
  if [[ $status == missing ]]; then
    process_status etcd
    [[ $status == missing ]] || set_process_aside etcd "$old" 10
  fi
  process_status "$snapshots"
  # RKE runs this container beside its etcd; without it, RKE would think that this host never had etcd
  [[ $status == missing ]] || set_process_aside "$snapshots" "$snapshots-before-epoch-$epoch" 1
  process_status etcd
  # only once: the data that a later member has left here is set aside by the next step
  if [[ $status == missing && ! -e $aside/etcd-data ]]; then
    member_aside etcd-data
  fi
  did "etcd here has no vote any more; the other voters go on"
  finish
}
