# needs: lib/step runtime
# verify-member: checks that etcd's members are the survivors, that no container has --force-new-cluster, and that the isolation works.
# arguments: MEMBERS, the names that `member list` must print, sorted and separated by commas, a learner's as NAME(learner);  after a
#   restore ADDRESS ... of the lost hosts, which this host must refuse
main() {
  local members=$1 found=""
  begin "$@"
  # for a minute, because an etcd may just be starting again
  until_true 60 members_are "$members" || die "etcd: the members are ${found:-not known, it gives no list}, expected $members"
  did "etcd members: $found"
  # stopped containers count, too: they could be started
  found=$(process_commands)
  found=$(grep -e --force-new-cluster <<<"$found" || true)
  [[ -z $found ]] || die "etcd: a container has --force-new-cluster: ${found:0:200}"
  did "no --force-new-cluster left"
  if (($# > 1)); then
    # the host's own script, which also runs at boot, compares the rules of the firewall
    bash "$state/isolation/apply" stands || die "isolation: etcd doesn't refuse the lost hosts (${*:2}) any more; run \`pulumi up\` again"
    did "${*:2} are refused at ports 2379 and 2380"
  fi
  finish
}

# members_are MEMBERS: true if etcd's list has them and no other. Sets $found to those that it has; empty if it gives no list.
members_are() {
  found=$(process_etcdctl etcd "" --command-timeout=10s member list 2>/dev/null | awk -F', ' '{print $3 ($6 == "true" ? "(learner)" : "")}' | sort | paste -sd,) || found=""
  [[ $found == "$1" ]]
}
