# needs: lib/etcd/leader
# leader: moves etcd's leader to a voter of the preferred datacenter.
# arguments: PREFERRED, names of members;  ENDPOINTS, client URLs of all voters; each a list separated by commas
main() {
  local preferred=$1 endpoints=$2 leader=""
  begin "$@"
  until_true 60 leader_moved "$preferred" "$endpoints" || die "etcd: the leader is ${leader:-unknown}, it could not be moved to one of $preferred within 60 s: $(tail -n 1 "$state/leader.log" | cut -c1-300)"
  did "etcd's leader is $leader"
  finish
}
