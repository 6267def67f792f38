# needs: lib/process lib/etcd/membership
# etcd-leave: removes the members of hosts that the act has given up from the recovered etcd. One that has joined before its host was lost would
# go on counting for the majority, or keep the only place for a learner.
# arguments: CERTIFICATE, the name of this member's certificate;  IMAGE, etcd's;  ENDPOINT, its client URL as this host reaches it;
#   PEER-URL ... of the hosts that were given up
main() {
  local peer
  begin "$@"
  ask_members "$1" "$2" "$3"
  shift 3
  find_quorum ||
    die "etcd: no linearizable read is answered here: so many members that have joined are gone that there is no majority; nothing was changed. Bring one of their hosts back, then run again"
  for peer in "$@"; do
    look_up "$peer"
    if [[ -n $id ]]; then
      remove_member
    else
      did "no member has the peer URL $peer"
    fi
  done
  finish
}
