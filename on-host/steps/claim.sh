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
    put_text "$data" "$aside/plan"
  elif left_out=$(grep '^leftOut=' <<<"$data") && ! grep -qsxF "$left_out" "$aside/plan"; then
    { grep -v '^leftOut=' "$aside/plan" || true; printf '%s\n' "$left_out"; } >"$aside/plan.new"
    put_new "$aside/plan"
    did "given up as well: ${left_out#*=}"
  fi
  # first beside its epoch: killed before the host's epoch is written, the host is still that of the act before
  put_text "$act" "$aside/act"
  put_text "$cluster" "$state/cluster"
  put_text "$act" "$state/act"
  put_text "$epoch" "$state/epoch"
  did "epoch $epoch: $act"
  finish
}
