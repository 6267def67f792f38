# needs: lib/step
# await STEP COMMAND [ARGUMENT ...]: until COMMAND succeeds, which STEP, sent to this host beside, leads to. There is no waiting for a step
# that has failed, or that nobody runs; and who waits does nothing more when the operator is gone.
await() {
  local other=$1 seen
  seen=$(now_ms)
  shift
  until "$@"; do
    if grep -qs "\"epoch\":$epoch,\"generation\":$generation," "$state/failures/$other"; then
      die "$step: step $other failed, see there; this one goes no further"
    fi
    flock -n "$state/lock.$other" true || seen=$(now_ms)
    (($(now_ms) - seen < 45000)) || die "$step: step $other, which this one waits for, hasn't run on this host for 45 s"
    still_wanted
    sleep 0.05
  done
  still_wanted
}
# Who has begun to change something goes on to the end, with or without an operator: it sets $operator to "".
still_wanted() {
  [[ -z $operator || $(parent_of "$PPID") == "$operator" ]] ||
    die "$step: the operator's connection ended before anything was done here; this one goes no further"
}
# The process that the operator's connection is: sshd's, which ends with it. Between it and this shell is `timeout`.
parent_of() { sed -n 's/^PPid:\t//p' "/proc/$1/status" 2>/dev/null || true; }
operator=$(parent_of "$PPID")
# finished STEP: in this run.
finished() { grep -qs "\"epoch\":$epoch,\"generation\":$generation," "$state/steps/$1"; }
# marked MARK STEP: what STEP has written of itself in this run: "stopping" before the old etcd is stopped, "stopped" when its data lies aside,
# too: none listens for clients from then on but the one that is to stay; "serving" when the new kube-apiserver was started. Where the
# step has done its work before, nobody writes them.
marked() { [[ $(cat "$aside/$1" 2>/dev/null) == "$generation" ]] || grep -qs "\"epoch\":$epoch," "$state/steps/$2"; }
# Tell the step kube-apiserver, which runs beside: the old etcd is stopped now, in this run of the act; none of it runs any more.
old_etcd_goes() { printf '%s\n' "$generation" >"$aside/stopping"; }
old_etcd_is_aside() { printf '%s\n' "$generation" >"$aside/stopped"; }
new_api_server_is_started() { printf '%s\n' "$generation" >"$aside/serving.new" && mv "$aside/serving.new" "$aside/serving"; }
