# needs: lib/step
# How steps that run at the same time on one host wait for each other. Every message is a file that names a run of the act by its
# generation, so what an earlier run wrote doesn't count. The states, in their order:
#
#   etcd-member, etcd-restore     epoch-N/stopping   the old etcd is about to be stopped. Until then nothing was changed on this host.
#                                 epoch-N/stopped    the old etcd is stopped and its data is set aside: from now on only the recovered
#                                                    etcd opens port 2379.
#                                 steps/STEP         the recovered etcd is healthy. (Every step has such a record: its result.)
#   kube-apiserver                epoch-N/serving    the new kube-apiserver was started. It accepts writes before it reports ready.
#   any step                      failures/STEP      it failed: steps that wait for it end, too.
#
#   step            waits for
#   etcd-member     the record of snapshot: the forced copy is made, or can't be made
#   etcd-restore    the record of source: the data is restored beside the old
#   kube-apiserver  stopping, before it stops the old kube-apiserver; stopped, before it starts the new one
#   first-write     serving
#
# A rerun skips steps that are already done in this epoch. Those write no marks again: their record stands for all of them.
# shellcheck shell=bash

# await STEP COMMAND [ARGUMENT ...]: waits until COMMAND succeeds, which is the work of STEP on this host. Ends this step if STEP fails, if
# STEP hasn't run here for 45 s, or if the operator's connection ends first.
await() {
  local other=$1 seen
  seen=$(up_ms)
  shift
  until "$@"; do
    if grep -qs "\"epoch\":$epoch,\"generation\":$generation," "$state/failures/$other"; then
      die "$step: step $other failed, see there; this one goes no further"
    fi
    flock -n "$state/lock.$other" true || seen=$(up_ms)
    (($(up_ms) - seen < 45000)) || die "$step: step $other, which this one waits for, hasn't run on this host for 45 s"
    still_wanted
    sleep 0.05
  done
  still_wanted
}

# Ends the step if the operator's SSH connection is gone. A step that has begun to change the host calls no_way_back first: it must run to
# its end.
still_wanted() {
  [[ -z $operator || $(parent_of "$PPID") == "$operator" ]] ||
    die "$step: the operator's connection ended before anything was done here; this one goes no further"
}
# no_way_back: from now on the step runs to its end, with or without the operator's connection.
no_way_back() { operator=""; }

# parent_of PID: prints the process ID of its parent.
parent_of() { sed -n 's/^PPid:\t//p' "/proc/$1/status" 2>/dev/null || true; }
# sshd's process of the operator's connection, which ends with the connection; between it and this shell is `timeout`
operator=$(parent_of "$PPID")

# finished STEP: true if STEP has succeeded in this run of the act.
finished() { grep -qs "\"epoch\":$epoch,\"generation\":$generation," "$state/steps/$1"; }
# marked MARK STEP: true if STEP has reached the state MARK in this run of the act, or was already done in this epoch.
marked() { [[ $(cat "$aside/$1" 2>/dev/null) == "$generation" ]] || grep -qs "\"epoch\":$epoch," "$state/steps/$2"; }

# mark_stopping, mark_stopped, mark_serving: this step has reached that state (see the table above).
mark_stopping() { printf '%s\n' "$generation" >"$aside/stopping"; }
mark_stopped() { printf '%s\n' "$generation" >"$aside/stopped"; }
mark_serving() { printf '%s\n' "$generation" >"$aside/serving.new" && put_new "$aside/serving"; }
# serves_epoch: notes the epoch that this host serves, for the return guards on the other side's hosts, which ask.
serves_epoch() { put_text "$epoch" "$state/serves"; }
