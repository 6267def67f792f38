# needs: nothing
# Sent ahead of each step's script (see components/step.ts); the step defines `main` and is started as
#   timeout SECONDS bash -s -- STEP EPOCH GENERATION ACT CLUSTER [ARGUMENT ...]   <lib.sh + step + data
# ACT is what the whole deployment does, in words without spaces ("primary", "failover:a:forceNewCluster:master3").
# What a step does is told on stderr, a line each; its result is one line of JSON on stdout, kept on the host too.
# shellcheck shell=bash
set -Eeuo pipefail
umask 077
export LC_ALL=C
# a command by SSH gets a short PATH on some systems
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# RKE_DR_STATE is for trying a script out beside a real host's state
state=${RKE_DR_STATE:-/var/lib/rke-dr}
step=${1:?step} epoch=${2:?epoch} generation=${3:?generation} act=${4:?act} cluster=${5:?cluster}
shift 5
mkdir -p "$state/steps"
aside=$state/epoch-$epoch
did=() facts=() later=() undo=() data="" last_error="" begun="" started=0
# only the result goes to stdout
exec 3>&1 1>&2
# an operator whose connection is cut must not end a step in its middle
trap '' PIPE

say() {
  # on stderr by name: a function's output may be captured, or be a file
  printf '%s: %s\n' "$(hostname)" "$*" >&2 2>/dev/null || true
  printf '%s epoch=%s %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$epoch" "$step" "$*" >>"$state/log"
  # the host's own log, where it has one; a step doesn't wait for a log that hangs
  [[ ! -S /dev/log ]] || timeout 1 logger -t rke-dr -- "epoch=$epoch $step: $*" 2>/dev/null </dev/null || true
}
did() {
  did+=("$*")
  say "$*"
}
fact() { facts+=("$(json "$1"):$(json "$2")"); }
die() {
  last_error=$*
  say "error: $*"
  exit 1
}
trap 'status=$?; last_error="\`$BASH_COMMAND\` ended with $status"; say "error: $last_error"; exit "$status"' ERR
trap 'failed $?' EXIT
trap 'last_error="ended by its time limit or a signal, after $(($(now_ms) - started)) ms"; exit 143' TERM
json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//[$'\001'-$'\037']/ }"
}
json_list() {
  local separator="" item
  printf '['
  for item in "$@"; do
    printf '%s%s' "$separator" "$(json "$item")"
    separator=,
  done
  printf ']'
}
now_ms() { date +%s%3N; }

# Waits for the host's locks and checks the epoch. Pulumi gives no lock across stacks: these are the host's. Steps of one
# act may run side by side, the same step not, and a claim waits until no step runs.
# A step that finished with the same generation and the same input is not done again: its result is told again.
begin() {
  started=$(now_ms)
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
  host_act=$(cat "$state/act" 2>/dev/null || echo none)
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
  started=$(now_ms) # waiting for a lock is not the step's time
  local record=$state/steps/$step
  if [[ -s $record ]] && grep -q "\"epoch\":$epoch,\"generation\":$generation,\"input\":\"$input\"" "$record"; then
    say "already done"
    cat "$record" >&3 2>/dev/null || true
    exit 0
  fi
}

# What comes with a step ends with a line of its own (see on-host.ts): an operator who dies while sending must not have half of it done.
read_data() {
  local mark="@@ end of data"
  data=$(cat)
  [[ $data == *"$mark" ]] || die "stdin: must end with \"$mark\", was cut after ${#data} characters: the operator's connection broke; nothing was done"
  data=$(printf '%s' "${data%"$mark"}")
}

# Somebody holds a lock for longer than any step that goes on should be waited for.
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

# Keeps how the step failed, until it succeeds: the report of an act that ended half-way is made from it.
failed() {
  local status=$1
  trap - ERR
  ((status != 0)) && [[ -n $begun && $BASHPID == "$$" ]] || return 0
  ((${#undo[@]} == 0)) || "${undo[@]}" >/dev/null 2>&1 </dev/null || true
  mkdir -p "$state/failures" 2>/dev/null || return 0
  printf '{"step":%s,"host":%s,"epoch":%s,"generation":%s,"startedAt":%s,"milliseconds":%s,"did":%s,"exit":%s,"error":%s}\n' \
    "$(json "$step")" "$(json "$(hostname)")" "$epoch" "$generation" "$started" "$(($(now_ms) - started))" \
    "$(json_list ${did[@]+"${did[@]}"})" "$status" "$(json "${last_error:-unknown}")" \
    >"$state/failures/$step" 2>/dev/null || true
}

# Writes the step's result, last: until then the step counts as not done.
finish() {
  local job
  for job in ${later[@]+"${later[@]}"}; do wait "$job" || die "what was done beside has failed, see above"; done
  # beside, not in the folder that is read as a whole
  local record=$state/steps/$step new=$state/new.$step joined=""
  ((${#facts[@]} == 0)) || printf -v joined '%s,' "${facts[@]}"
  printf '{"step":%s,"host":%s,"epoch":%s,"generation":%s,"input":"%s","startedAt":%s,"milliseconds":%s,"did":%s,"facts":{%s}}\n' \
    "$(json "$step")" "$(json "$(hostname)")" "$epoch" "$generation" "$input" "$started" "$(($(now_ms) - started))" \
    "$(json_list ${did[@]+"${did[@]}"})" "${joined%,}" >"$new"
  mv "$new" "$record"
  rm -f "$state/failures/$step"
  cat "$record" >&3 2>/dev/null || true
}

# until_true SECONDS COMMAND ...: polls every 0.1 s.
until_true() {
  local limit=$1 deadline
  shift
  deadline=$(($(now_ms) + limit * 1000))
  until "$@"; do
    (($(now_ms) < deadline)) || return 1
    sleep 0.1
  done
}

# later COMMAND ...: does it beside what comes next; finish waits for it. For what nothing else in the step needs.
later() {
  "$@" 3>&- 8>&- 9>&- &
  later+=("$!")
}
# kept_aside PATH: tells a report of a file or folder that was set aside, and its size.
kept_aside() { fact "aside $1" "$(du -sb "$1" | cut -f1)"; }
# undo_if_failed [COMMAND ...]: is run when the step fails, once; without COMMAND nothing is.
undo_if_failed() { undo=("$@"); }
