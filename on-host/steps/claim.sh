# needs: lib/process
# claim: writes the epoch and the act on this host, before any other step runs here. From then on the host refuses an older epoch, and the
# same epoch with another act.
# stdin: key=value lines, the decisions of this act. Each run may decide anew until the old etcd is set aside; from then on the
# decisions stay as they are, so that a rerun resumes the act. Only leftOut may grow: hosts that can't be reached any more are given up.
main() {
  local left_out
  begin "$@"
  mkdir -p "$aside"
  process_status "etcd-before-epoch-$epoch"
  if [[ ! -e $aside/forced && ! -e $aside/data && $status == missing ]]; then
    printf '%s\n' "$data" >"$aside/plan.new"
    mv "$aside/plan.new" "$aside/plan"
  elif left_out=$(grep '^leftOut=' <<<"$data") && ! grep -qsxF "$left_out" "$aside/plan"; then
    { grep -v '^leftOut=' "$aside/plan" || true; printf '%s\n' "$left_out"; } >"$aside/plan.new"
    mv "$aside/plan.new" "$aside/plan"
    did "given up as well: ${left_out#*=}"
  fi
  printf '%s\n' "$cluster" >"$state/cluster.new" && mv "$state/cluster.new" "$state/cluster"
  printf '%s\n' "$act" >"$state/act.new" && mv "$state/act.new" "$state/act"
  printf '%s\n' "$epoch" >"$state/epoch.new" && mv "$state/epoch.new" "$state/epoch"
  did "epoch $epoch: $act"
  finish
}
