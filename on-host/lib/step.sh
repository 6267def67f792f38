# needs: lib/lasts
# What every step is built on; what steps that run on one host at the same time tell each other stands in beside.sh. A step's script
# defines `main`, which calls `begin "$@"` first and `finish` last. The operator's machine sends it together with all that it needs (see on-host.ts) and starts it as
#   [sudo -n -k] timeout -k SECONDS SECONDS bash -s -- STEP EPOCH GENERATION ACT CLUSTER [ARGUMENT ...]   <all of them, then `main "$@"; exit`, then the data
# ACT names what the whole deployment does, without spaces ("primary", "failover:a:forceNewCluster:master3").
# Progress goes to stderr, one line each; the step's result, one line of JSON, goes to stdout and is kept on the host.
# shellcheck shell=bash
set -Eeuo pipefail
umask 077
export LC_ALL=C
# on some systems a command that is started by SSH gets a short PATH
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# RKE_DR_STATE: another folder, to try a script out without touching the host's own state
state=${RKE_DR_STATE:-/var/lib/rke-dr}
step=${1:?step} epoch=${2:?epoch} generation=${3:?generation} act=${4:?act} cluster=${5:?cluster}
shift 5
mkdir -p "$state/steps"
# shellcheck disable=SC2034 # libraries use it that not every step needs
aside=$state/epoch-$epoch
did=() facts=() background_jobs=() undo_command=() data="" last_error="" begun="" started=0 began_at=0
# stdout is for the result alone
exec 3>&1 1>&2
# when the operator's connection is cut, writing to it must not end the step half-way
trap '' PIPE

# say TEXT ...: one line to the operator, to this host's own log and, if it has one, to the system's log.
say() {
  # to stderr by its name, since a caller may capture or redirect this function's stdout
  printf '%s: %s\n' "$(hostname)" "$*" >&2 2>/dev/null || true
  # a full disk must not end a step between two changes
  { printf '%s epoch=%s %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$epoch" "$step" "$*" >>"$state/log"; } 2>/dev/null || true
  # with a limit: a step must not wait for a system log that hangs
  [[ ! -S /dev/log ]] || timeout 1 logger -t rke-dr -- "epoch=$epoch $step: $*" 2>/dev/null </dev/null || true
}
# did TEXT ...: says it, and adds it to what the step's result lists as done.
did() {
  did+=("$*")
  say "$*"
}
# fact NAME VALUE: adds a fact to the step's result.
fact() { facts+=("$(json "$1"):$(json "$2")"); }
# die TEXT ...: ends the step with an error. In a subshell, as in $(...), it would end only the subshell.
die() {
  last_error=$*
  say_error "$last_error"
  exit 1
}
# say_error TEXT: says an error with the way on that every step has, since steps converge. A refusal at its beginning, and an error that says what to
# type, is said as it is.
say_error() {
  local way="; once that is over or mended, run the same command again"
  [[ -n $begun && $1 != *again* && $1 != *pulumi* ]] || way=""
  say "error: $1$way"
}
trap 'status=$?; last_error="\`$BASH_COMMAND\` ended with $status"; say_error "$last_error"; exit "$status"' ERR
trap 'failed $?' EXIT
trap 'last_error="ended by its time limit or a signal, after $(($(up_ms) - began_at)) ms"; exit 143' TERM
# json TEXT: prints TEXT as a JSON string.
json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//[$'\001'-$'\037']/ }"
}
# json_list TEXT ...: prints the texts as a JSON list of strings.
json_list() {
  local separator="" item
  printf '['
  for item in "$@"; do
    printf '%s%s' "$separator" "$(json "$item")"
    separator=,
  done
  printf ']'
}
# now_ms: Unix time in milliseconds.
now_ms() { date +%s%3N; }
# up_ms: milliseconds since this host's boot. Limits and durations go by it: Unix time jumps when the clock is set, as after a power cut.
up_ms() {
  local up _rest
  read -r up _rest </proc/uptime
  # in hundredths of a second
  printf '%s' "$((10#${up/./} * 10))"
}

# begin ARGUMENT ...: waits for the host's locks, checks cluster, epoch and act, and reads the data. Sets $data and $input.
# Pulumi has no lock across stacks, so the host has its own: different steps of one act may run at the same time, the same step may not,
# and a claim waits until no step runs. A step that has already finished with this generation and this input isn't done again: its
# kept result is printed.
begin() {
  started=$(now_ms) began_at=$(up_ms)
  exec 8>"$state/lock.$step" 9>"$state/lock"
  flock -w 60 8 || busy
  flock "$([[ $step == claim ]] && echo -x || echo -s)" -w 60 9 || busy
  printf '%s\n' "$$" >"$state/lock.$step.pid"
  local host_epoch host_act host_cluster
  host_cluster=$(cat "$state/cluster" 2>/dev/null || echo "$cluster")
  if [[ $host_cluster != "$cluster" ]]; then
    die "cluster: this host belongs to cluster $host_cluster, not to $cluster"
  fi
  host_epoch=$(cat "$state/epoch" 2>/dev/null || echo 0)
  host_act=$(cat "$state/epoch-$host_epoch/act" 2>/dev/null || cat "$state/act" 2>/dev/null || echo none)
  [[ $host_epoch =~ ^[0-9]+$ ]] ||
    die "epoch: $state/epoch must be the epoch of this host, a number: \"$host_epoch\"; write there the one that the other hosts of the cluster have"
  if ((epoch < host_epoch)); then
    die "epoch: an older epoch than the host's is refused: $epoch, the host is at $host_epoch ($host_act)"
  fi
  if ((epoch == host_epoch)) && [[ $host_act != "$act" ]]; then
    die "epoch: the same epoch with another act is refused: $act, epoch $epoch of the host is $host_act"
  fi
  if [[ $step != claim ]] && ((epoch != host_epoch)); then
    die "epoch: the host was not told of epoch $epoch (it is at $host_epoch): step claim comes first"
  fi
  read_data
  begun=yes
  input=$(printf '%s\n' "$act" "$@" "$data" | sha256sum | cut -c1-16)
  # the time that was spent waiting for a lock doesn't count
  started=$(now_ms) began_at=$(up_ms)
  local record=$state/steps/$step
  if [[ -s $record ]] && grep -q "\"epoch\":$epoch,\"generation\":$generation,\"input\":\"$input\"" "$record"; then
    say "already done"
    cat "$record" >&3 2>/dev/null || true
    exit 0
  fi
}

# Sets $data to what follows the script on stdin. Its last line is a mark (see on-host.ts): if the operator's machine dies while it sends,
# the mark is missing, and nothing is done.
read_data() {
  local mark="@@ end of data"
  data=$(cat)
  [[ $data == *"$mark" ]] || die "stdin: must end with \"$mark\", was cut after ${#data} characters: the operator's connection broke; nothing was done"
  data=$(printf '%s' "${data%"$mark"}")
}

# Ends the step because other steps have held a lock for 60 s; the error names them.
busy() {
  local file pid running=""
  for file in "$state"/lock.*.pid; do
    pid=$(cat "$file" 2>/dev/null || true)
    if [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null; then
      file=${file##*/lock.}
      running+=" ${file%.pid} (pid $pid)"
    fi
  done
  die "lock: still running on this host after 60 s:${running:- unknown}; wait for it, or end it there with kill, and run again"
}

# undo_if_failed [COMMAND ...]: COMMAND runs once if the step fails. Without COMMAND an earlier one is forgotten.
undo_if_failed() { undo_command=("$@"); }

# failed STATUS: runs when the shell ends. If the step failed, it undoes what undo_if_failed was given, and keeps how the step failed until
# the step succeeds: the report of an act that ended half-way is made from it.
failed() {
  local status=$1
  trap - ERR
  ((status != 0)) && [[ -n $begun && $BASHPID == "$$" ]] || return 0
  ((${#undo_command[@]} == 0)) || "${undo_command[@]}" >/dev/null 2>&1 </dev/null || true
  mkdir -p "$state/failures" 2>/dev/null || true
  printf '{"step":%s,"host":%s,"epoch":%s,"generation":%s,"startedAt":%s,"milliseconds":%s,"did":%s,"exit":%s,"error":%s}\n' \
    "$(json "$step")" "$(json "$(hostname)")" "$epoch" "$generation" "$started" "$(($(up_ms) - began_at))" \
    "$(json_list ${did[@]+"${did[@]}"})" "$status" "$(json "${last_error:-unknown}")" \
    >"$state/failures/$step" 2>/dev/null || true
  # a runtime that this step holds goes on; that may take a minute, and steps beside wait for the failure
  [[ $(type -t runtime_release) != function ]] || runtime_release >/dev/null 2>&1 </dev/null || true
}

# finish: waits for the jobs in the background, then writes and prints the step's result. Until the result is written the step counts as
# not done.
finish() {
  local job
  for job in ${background_jobs[@]+"${background_jobs[@]}"}; do wait "$job" || die "a job in the background failed, see above"; done
  # the new file lies outside of steps/, because facts.sh prints every file of that folder
  local record=$state/steps/$step new=$state/new.$step joined=""
  ((${#facts[@]} == 0)) || printf -v joined '%s,' "${facts[@]}"
  printf '{"step":%s,"host":%s,"epoch":%s,"generation":%s,"input":"%s","startedAt":%s,"milliseconds":%s,"did":%s,"facts":{%s}}\n' \
    "$(json "$step")" "$(json "$(hostname)")" "$epoch" "$generation" "$input" "$started" "$(($(up_ms) - began_at))" \
    "$(json_list ${did[@]+"${did[@]}"})" "${joined%,}" >"$new"
  mv "$new" "$record"
  rm -f "$state/failures/$step"
  cat "$record" >&3 2>/dev/null || true
}

# until_true SECONDS COMMAND ...: runs COMMAND every 0.1 s until it succeeds; returns 1 if SECONDS pass before that.
until_true() {
  local limit=$1 deadline
  shift
  deadline=$(($(up_ms) + limit * 1000))
  until "$@"; do
    (($(up_ms) < deadline)) || return 1
    sleep 0.1
  done
}

# in_background COMMAND ...: runs COMMAND while the step goes on; `finish` waits for it. Only for work whose result the step itself
# doesn't use.
in_background() {
  "$@" 3>&- 8>&- 9>&- &
  background_jobs+=("$!")
}

# kept_aside PATH: adds to the result that a file or folder was set aside, and its size in bytes.
kept_aside() { fact "aside $1" "$(du -sb "$1" | cut -f1)"; }
