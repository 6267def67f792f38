# workers: does steps of this act on hosts that only run pods, many of them side by side, through this deploy host's own SSH: the
# way that `rke up` goes, too. One by one from the operator's machine they would be hundreds of connections there.
# arguments: NAME=USER@ADDRESS:PORT ...
# stdin: for each step a line "@@ step NAME SECONDS", and behind it what that step's bash reads from stdin
main() {
  local work=$state/workers count=$# ended=0 failed=() line
  begin "$@"
  rm -rf "$work"
  mkdir -p "$work"
  awk -v work="$work" '/^@@ step /{ input = work "/" ++n "." $3 "." $4; next } { print >input }' <<<"$data"
  while IFS= read -r line; do
    ended=$((ended + 1))
    [[ $line == ok ]] || failed+=("$line")
    ((ended % 25 != 0)) || say "$ended of $count workers"
  done < <(on_each "$@")
  rm -rf "$work"
  ((ended == count)) || die "workers: $ended of $count were tried; xargs ended early"
  ((${#failed[@]} == 0)) || die "workers: ${#failed[@]} of $count failed, the others are done: $(printf '%s; ' "${failed[@]:0:5}")run again when they can be reached"
  fact workers "$count"
  did "$count workers: $(steps_of <<<"$data")"
  finish
}

steps_of() { sed -n -E 's/^@@ step ([^ ]+) .*/\1/p' | paste -sd, | sed 's/,/, /g'; }

# A line for each: "ok", or what went wrong there.
on_each() {
  printf '%s\n' "$@" | WORKERS=$work STEP_ARGUMENTS="$epoch $generation $(printf '%q' "$act") $(printf '%q' "$cluster")" \
    xargs -P 32 -I{} bash -c "$(declare -f on_one)"$'\non_one "$1"' bash {}
}
# One after the other: a step of an epoch is refused where that epoch isn't claimed.
on_one() {
  local name=${1%%=*} target=${1#*=} input step limit
  for input in "$WORKERS"/[0-9]*.*.*; do
    step=${input#"$WORKERS"/*.} limit=${input##*.}
    step=${step%.*}
    if ! timeout "$((limit + 30))" ssh -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=6 -o StrictHostKeyChecking=yes \
      -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts -p "${target##*:}" "${target%:*}" \
      "timeout -k 10 $limit bash -s -- $step $STEP_ARGUMENTS" <"$input" >/dev/null 2>"$WORKERS/$name.said"; then
      printf '%s, %s: %s\n' "$name" "$step" "$(tail -n 1 "$WORKERS/$name.said" | cut -c1-200)"
      return
    fi
  done
  echo ok
}
