# needs: lib/step
# verify-member: etcd's members are the survivors, --force-new-cluster is nowhere left, and the isolation stands.
# arguments: MEMBERS, the names that `member list` must give, a learner's as NAME(learner), sorted, separated by commas;  after a restore ADDRESS ... of the
#   lost hosts, which must be refused
main() {
  local members=$1 found
  begin "$@"
  found=$(docker exec etcd etcdctl --command-timeout=10s member list </dev/null | awk -F', ' '{print $3 ($6 == "true" ? "(learner)" : "")}' | sort | paste -sd,)
  [[ $found == "$members" ]] || die "etcd: the members are $found, expected $members"
  did "etcd members: $found"
  # stopped ones, too: they could be started
  found=$(docker ps -a --no-trunc --format '{{.Names}} {{.Command}}' </dev/null)
  found=$(grep -e --force-new-cluster <<<"$found" || true)
  [[ -z $found ]] || die "etcd: a container has --force-new-cluster: ${found:0:200}"
  did "no --force-new-cluster left"
  if (($# > 1)); then
    # what the host applies at boot tells it, not what this program believes
    bash "$state/isolation/apply" stands || die "isolation: etcd doesn't refuse the lost hosts (${*:2}) any more; run \`pulumi up\` again"
    did "${*:2} are refused at ports 2379 and 2380"
  fi
  finish
}
