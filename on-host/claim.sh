# claim: tells this host of the epoch and of the act, before anything else happens.
# From here on an older epoch, and the same epoch with another act, are refused here.
# stdin: key=value lines, what was decided for this act (kept, so that a rerun resumes it instead of choosing again).
main() {
  begin "$@"
  mkdir -p "$aside"
  if [[ ! -e $aside/plan ]]; then
    printf '%s\n' "$data" >"$aside/plan.new"
    mv "$aside/plan.new" "$aside/plan"
  fi
  printf '%s\n' "$act" >"$state/act.new" && mv "$state/act.new" "$state/act"
  printf '%s\n' "$epoch" >"$state/epoch.new" && mv "$state/epoch.new" "$state/epoch"
  did "epoch $epoch: $act"
  finish
}
