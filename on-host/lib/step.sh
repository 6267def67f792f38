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
did=() facts=() later=() data="" found="" last_error="" begun="" started=0
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

# Removes the container, if any, that only worked for this step ($leftover).
# Keeps how the step failed, until it succeeds: the report of an act that ended half-way is made from it.
failed() {
  local status=$1
  trap - ERR
  ((status != 0)) && [[ -n $begun && $BASHPID == "$$" ]] || return 0
  [[ -z ${leftover:-} ]] || docker rm -f "$leftover" >/dev/null 2>&1 </dev/null || true
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

# docker_api METHOD PATH [BODY]: RKE puts whole commands into Entrypoint, which the docker command can't say.
docker_api() {
  local answer code
  answer=$(printf '%s' "${3:-}" | curl -sS --max-time 60 --unix-socket /var/run/docker.sock -X "$1" \
    -H 'Content-Type: application/json' ${3:+--data-binary @-} -w '\n%{http_code}' "http://docker$2") ||
    die "docker: $1 $2 got no answer"
  code=${answer##*$'\n'}
  [[ $code == 2?? || $code == 304 ]] || die "docker: $1 $2 answered $code: ${answer%$'\n'*}"
}
# look CONTAINER: sets $found to its status, or to missing. Not for $(...): what ends there doesn't end the step, and a
# docker that doesn't answer says nothing of the container.
look() {
  if ! found=$(docker inspect --type container --format '{{.State.Status}}' "$1" 2>&1 </dev/null); then
    [[ $found == *"No such"* ]] || die "docker: container $1 can't be looked at: ${found:0:200}"
    found=missing
  fi
}
# later COMMAND ...: does it beside what comes next; finish waits for it. For what nothing else in the step needs.
later() {
  "$@" 3>&- 8>&- 9>&- &
  later+=("$!")
}
# set_container_aside CONTAINER NEW-NAME [GRACE SECONDS]: restart policy first, so that a reboot in between doesn't bring it back.
set_container_aside() {
  # docker refuses this of a container that ends in the same moment, as one that restarts over and over does: then once it is stopped
  local off=yes
  docker update --restart=no "$1" >/dev/null 2>&1 </dev/null || off=""
  # with a grace of 0 `docker stop` sends SIGTERM, too, and what that begins is cut anywhere; kill refuses what doesn't run
  { [[ ${3:-10} == 0 ]] && docker kill "$1" >/dev/null 2>&1 </dev/null; } || docker stop -t "${3:-10}" "$1" >/dev/null </dev/null
  [[ -n $off ]] || docker update --restart=no "$1" >/dev/null </dev/null
  docker rename "$1" "$2" </dev/null
  later keep_description "$2" "$2"
  did "container $1 stopped, kept as $2, restart policy off"
  fact "aside container $2" ""
}
# member_aside NAME: moves etcd's data into a folder of that name beside what else this act has set aside. On one file system that
# is a rename; etcd may have been given a disk of its own, then it stays on that disk (aside.sh knows both places).
member_aside() {
  local member=/var/lib/etcd/member to=$aside
  [[ -e $member ]] || return 0
  mkdir -p "$aside"
  [[ $(stat -c %d "$member") == "$(stat -c %d "$aside")" ]] || to=/var/lib/etcd/rke-dr-epoch-$epoch
  mkdir -p "$to/$1"
  mv "$member" "$to/$1/"
  did "etcd's data moved to $to/$1, $(du -sb "$to/$1" | cut -f1) bytes"
}
# etcd_data_aside: renames etcd's data, at once, whatever its size: within etcd's own folder, which may be a mount, or a link to one. What
# else this act has set aside has a link to it, $aside/data.
etcd_data_aside() {
  local data=/var/lib/etcd/member place=/var/lib/etcd/before-epoch-$epoch bytes
  if [[ ! -e $aside/data ]]; then
    mkdir -p "$aside" "$place"
    [[ ! -e $data ]] || mv "$data" "$place/"
    ln -sfn "$place" "$aside/data"
  fi
  # told also of a run that was killed before it could
  place=$(readlink -f "$aside/data")
  bytes=$(du -sb "$place" | cut -f1)
  fact "aside $place" "$bytes"
  did "the old data is in $place, $bytes bytes"
}
# lasts FOLDER: what was renamed there stays so after a power cut (a journal is written in order; `sync FILE` is younger than CentOS 7).
lasts() {
  dd if=/dev/null of="$1/.rke-dr-lasts" conv=fsync 2>/dev/null
  rm -f "$1/.rke-dr-lasts"
}
# new_data_is_there: that there is data to start from, also where a disk wasn't mounted at boot: on an empty folder etcd would begin anew.
new_data_is_there() {
  [[ -n $(find /var/lib/etcd/member/wal -name '*.wal' -print -quit 2>/dev/null) && -s /var/lib/etcd/member/snap/db ]] ||
    die "etcd: /var/lib/etcd/member holds no data: is a disk not mounted? nothing was started"
}
# database_written: when etcd's database was last written, and its size: an etcd that writes does so by pwrite(2), which tells in the
# file's time (bbolt tx.write). database_idle: whether it hasn't for a while. Then all that etcd has applied is in there (it commits every
# 100 ms: backend.go defaultBatchInterval), and reading the file reads one state of it.
database_written() { stat -c '%.9Y %s' /var/lib/etcd/member/snap/db 2>/dev/null; }
database_idle() { [[ -s /var/lib/etcd/member/snap/db ]] && (($(date +%s) - $(stat -c %Y /var/lib/etcd/member/snap/db) >= 2)); }
# kept_aside PATH: tells a report of a file or folder that was set aside, and its size.
kept_aside() { fact "aside $1" "$(du -sb "$1" | cut -f1)"; }
# keep_description CONTAINER NAME: what docker knows of it, under NAME, for when the container itself has been purged.
keep_description() {
  mkdir -p "$aside"
  docker inspect --type container --format '{{json .}}' "$1" </dev/null | sed "s#\"Name\":\"/$1\"#\"Name\":\"/$2\"#" >"$aside/$2.container.new"
  mv "$aside/$2.container.new" "$aside/$2.container"
}
# answer_of URL CERTIFICATE SECONDS [CURL'S OPTION ...], healthy URL CERTIFICATE: CERTIFICATE is a name in /etc/kubernetes/ssl. Asked
# from the network that $sandbox, a process, is in, where that is set.
answer_of() {
  local ssl=/etc/kubernetes/ssl
  ${sandbox:+nsenter -t "$sandbox" -n} curl -sf --max-time "$3" --cacert $ssl/kube-ca.pem --cert "$ssl/$2.pem" --key "$ssl/$2-key.pem" \
    "${@:4}" "$1" 2>/dev/null </dev/null
}
healthy() { answer_of "$1" "$2" 2 | grep -Eq '^ok$|"health": ?"?true'; }
