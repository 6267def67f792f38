# needs: lib/step
# workers: runs steps of this act on hosts that only run pods, 32 hosts at a time, by this deploy host's own SSH, as `rke up` does. From the
# operator's machine they would be hundreds of connections.
# arguments: NAME=USER@ADDRESS:PORT ...
# stdin: for each step and each user a line "@@ line NAME USER COMMAND": the beginning of the command line of that step's bash on a host of
#   that user; then for each step a line "@@ step NAME SECONDS", followed by the input of that step's bash
main() {
  local work=$state/workers count=$# ended=0 failed=() line recovered
  begin "$@"
  rm -rf "$work"
  mkdir -p "$work/steps" "$work/said"
  awk -v work="$work" 'BEGIN { input = work "/lines" } /^@@ step /{ input = work "/steps/" ++n "." $3 "." $4; next } { print >input }' <<<"$data"
  # the generation of this act's first write: a worker that has done its steps since the API came back doesn't repeat them when this step
  # is repeated for other workers
  recovered=$(sed -n -E "s/.*\"epoch\":$epoch,\"generation\":([0-9]+),.*/\1/p" "$state/steps/first-write" 2>/dev/null || true)
  while IFS= read -r line; do
    ended=$((ended + 1))
    [[ $line == ok ]] || failed+=("$line")
    ((ended % 25 != 0)) || say "$ended of $count workers"
    # the processes there must not keep the host's locks when this one is killed
  done < <(exec 3>&- 8>&- 9>&- && on_each "${recovered:-$generation}" "$@")
  rm -rf "$work"
  # sorted by name: in the order of failure, two runs would name different hosts
  ((${#failed[@]} == 0)) || mapfile -t failed < <(printf '%s\n' "${failed[@]}" | sort -V)
  ((${#failed[@]} == 0)) || die "workers: ${#failed[@]} of $count failed, $((ended - ${#failed[@]})) are done: $(printf '%s; ' "${failed[@]:0:5}")run again when they can be reached"
  ((ended == count)) || die "workers: $ended of $count were tried; xargs ended early"
  fact workers "$count"
  did "$count workers: $(steps_of <<<"$data")"
  finish
}

# steps_of <DATA: prints the names of the steps.
steps_of() { sed -n -E 's/^@@ step ([^ ]+) .*/\1/p' | paste -sd, | sed 's/,/, /g'; }

# on_each GENERATION TARGET ...: prints a line for each target: "ok", or the error.
on_each() {
  printf '%s\n' "${@:2}" | WORKERS=$work PARENT=$$ STEP_ARGUMENTS="$epoch $1 $(printf '%q' "$act") $(printf '%q' "$cluster")" \
    xargs -P 32 -I{} bash -c "$(declare -f on_one)"$'\non_one "$1"' bash {}
}
# on_one TARGET: runs the steps one after the other, the claim first: the host refuses a step of an epoch that it wasn't claimed for.
on_one() {
  local name=${1%%=*} target=${1#*=} said=$WORKERS/said/${1%%=*} input step limit status line
  for input in "$WORKERS"/steps/*; do
    # if this step has ended, nothing more is started: status 255 ends xargs, too. An ended process keeps its number until its parent has
    # waited for it, so `kill -0` would still succeed; but its command line is empty (proc_pid_cmdline(5)).
    { read -r -d '' _ <"/proc/$PARENT/cmdline"; } 2>/dev/null || exit 255
    step=${input##*/} limit=${input##*.} status=0
    step=${step#*.} step=${step%.*}
    line=$(awk -v step="$step" -v user="${target%%@*}" '$3 == step && $4 == user { sub(/^@@ line [^ ]+ [^ ]+ /, ""); print; exit }' "$WORKERS/lines")
    if [[ -z $line ]]; then
      echo "$name, $step: no command line for ${target%%@*} was given"
      return
    fi
    # --foreground: a signal that ends the step ends ssh, too
    timeout --foreground "$((limit + 30))" ssh -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=6 \
      -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts \
      -p "${target##*:}" "${target%:*}" "$line $step $STEP_ARGUMENTS" <"$input" >/dev/null 2>"$said" || status=$?
    ((status == 0)) && continue
    ((status != 124)) || echo "no end within $limit s" >>"$said"
    printf '%s, %s: %s\n' "$name" "$step" "$(tail -n 1 "$said" | cut -c1-200)"
    return
  done
  echo ok
}
