# needs: lib/docker
# claim: tells this host of the epoch and of the act, before anything else happens.
# From here on an older epoch, and the same epoch with another act, are refused here.
# stdin: key=value lines, what was decided for this act. It is kept from the moment when the old etcd is set aside, so that a
# rerun resumes it; before that, each run decides anew.
main() {
  begin "$@"
  mkdir -p "$aside"
  look "etcd-before-epoch-$epoch"
  if [[ ! -e $aside/forced && ! -e $aside/data && $found == missing ]]; then
    printf '%s\n' "$data" >"$aside/plan.new"
    mv "$aside/plan.new" "$aside/plan"
  fi
  printf '%s\n' "$cluster" >"$state/cluster.new" && mv "$state/cluster.new" "$state/cluster"
  printf '%s\n' "$act" >"$state/act.new" && mv "$state/act.new" "$state/act"
  printf '%s\n' "$epoch" >"$state/epoch.new" && mv "$state/epoch.new" "$state/epoch"
  did "epoch $epoch: $act"
  finish
}
