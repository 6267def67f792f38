# needs: lib/files lib/process lib/client lib/etcd/commit lib/etcd/log
# lost: reads etcd's data that an act has set aside. The data stays as it is: a copy of it is started, as a scratch etcd of one member without a
# network; and if objects are wanted as the API shows them, a scratch kube-apiserver in the same network, which leads nowhere.
# What only the WAL has is read, too (lib/etcd/commit), so an object may be named whose write was never acknowledged. If the copy can't be made a
# cluster of one, as a learner's can't, its database alone is read.
# arguments: DATA (a folder that has `member`, or a snapshot), IMAGE (etcd's), PREFIX (of Kubernetes' keys)
# stdin: requests, a line each; each is answered by one line on stdout, "!" and the reason if it can't be answered. No answer takes longer than 300 s, and
# every 10 s a line on stderr says that the host still works:
#   keys            etcdctl's JSON of all keys below PREFIX, without values
#   value KEY       etcdctl's JSON of one key with its value
#   living          the same as `keys`, of this host's living etcd
#   api SPEC        starts the scratch kube-apiserver from SPEC: "ready"
#   get PATH        the scratch kube-apiserver's answer, JSON
# At the end of stdin everything is removed.
# The functions below read the local variables of main.
scratch=$state/lost scratch_etcd=rke-dr-lost-etcd scratch_api=rke-dr-lost-api

main() {
  local from=$1 image=$2 prefix=$3 why="" pid="" request rest
  # 4: to the operator, also where a command's own errors go to a file
  exec 4>&2 6>"$state/lock.lost"
  flock -w 30 6 || die "lost: another run reads data on this host; wait for its end"
  trap leave EXIT
  trap 'exit 143' TERM INT HUP
  clear_away
  room
  mkdir -p "$scratch/data"
  image_present "$image" || die "image $image isn't on this host, and the data must be read with it: load it there"
  if [[ -d $from/member ]]; then
    say "copies $from, $(du -sbL "$from" | cut -f1) bytes"
    with_progress copied_so_far copy_content "$from/member" "$scratch/data/"
    whole_data || {
      say "read without what only its WAL has: $why"
      from_database "$scratch/data/member/snap/db"
    }
  else
    from_database "$from"
  fi
  say "a scratch etcd without a network serves $from"
  while IFS=' ' read -r request rest; do
    case $request in
      keys) answer etcdctl_json "$prefix/" --prefix --keys-only ;;
      value) answer etcdctl_json "$rest" ;;
      living) answer living ;;
      api) answer start_api "$rest" ;;
      get) answer object "$rest" ;;
      *) printf '!unknown request %s\n' "$request" >&3 ;;
    esac
  done
}

# answer COMMAND ...: prints COMMAND's output as one line to the operator, or "!" and the last line of what it said.
answer() {
  local said
  if said=$(with_progress at_request "$@" 2>"$scratch/said"); then
    printf '%s\n' "${said//$'\n'/}" >&3
  else
    printf '!%s\n' "$(tail -n 1 "$scratch/said" | cut -c1-300)" >&3
  fi
}
at_request() { printf 'works on request %s' "$request${rest:+ ${rest:0:100}}"; }
copied_so_far() { printf 'copied so far: %s bytes' "$(du -sb "$scratch/data" 2>/dev/null | cut -f1)"; }

# with_progress WORDS COMMAND ...: runs COMMAND, and meanwhile says every 10 s what WORDS prints, and for how long it has run.
with_progress() {
  local words=$1 ended=0 from beside
  shift
  from=$(up_ms)
  # a sleep outlives the loop for a moment: it must not keep the operator's connection open
  (
    trap - EXIT ERR
    while sleep 10 2>/dev/null 4>&-; do say "$("$words"), for $((($(up_ms) - from) / 1000)) s"; done
  ) >/dev/null 2>&4 3>&- 6>&- &
  beside=$!
  disown "$beside"
  "$@" || ended=$?
  kill "$beside" 2>/dev/null || true
  return "$ended"
}

# etcdctl itself would give up after 5 s, in which it doesn't list the keys of 2 GB
etcdctl_json() { time_limit=${time_limit:-310} process_exec "$scratch_etcd" etcdctl --endpoints=http://127.0.0.1:2379 --command-timeout=300s get "$@" -w json; }
# a serializable read: one member answers it without asking the others
living() { time_limit=310 process_etcdctl etcd "" --command-timeout=300s get "$prefix/" --prefix --keys-only --consistency=s -w json; }

# whole_data: starts the scratch etcd on the copy with everything that its WAL has. Returns 1 with $why if etcd doesn't come up.
whole_data() {
  commit_all "$scratch/data/member/wal" || return 1
  start_etcd --force-new-cluster
}

# from_database FILE: starts it on a database or a snapshot alone.
from_database() {
  local program
  mv "$scratch/data" "$scratch/copied"
  for program in etcdutl etcdctl; do
    [[ ! -d $scratch/data ]] || break
    run_alone "$image" "$program" --mark rke-dr.lost --env ETCDCTL_API=3 --write "$scratch:/scratch" --read "${1/#"$scratch/data"/"$scratch/copied"}:/source.db" --last \
      -- snapshot restore /source.db --skip-hash-check --data-dir /scratch/data --name lost --initial-cluster lost=http://localhost:2380 \
      --initial-advertise-peer-urls http://localhost:2380 >"$scratch/restore.log" 2>&1 || true
  done
  [[ -d $scratch/data/member ]] || die "etcd: neither etcdutl nor etcdctl of $image can read $1: $(tail -n 1 "$scratch/restore.log" | cut -c1-300)"
  rm -rf "$scratch/copied"
  start_etcd || die "etcd: the scratch etcd doesn't come up on $1: $why"
}

# start_etcd [FLAG]: starts the scratch etcd on $scratch/data; sets $pid. Returns 1 with $why if it doesn't come up.
start_etcd() {
  local job
  run_alone "$image" etcd --name "$scratch_etcd" --mark rke-dr.lost --env ETCDCTL_API=3 --env ETCD_UNSUPPORTED_ARCH=arm64 --write "$scratch:/scratch" --last \
    -- --name lost --data-dir /scratch/data "$@" >"$scratch/etcd.log" 2>&1 3>&- 6>&- &
  job=$!
  if ! until_true 300 serves_or_ended "$job" || ! kill -0 "$job" 2>/dev/null; then
    why=$({ fatal_lines <"$scratch/etcd.log" || tail -n 1 "$scratch/etcd.log"; } | head -n 1 | cut -c1-300)
    process_drop "$scratch_etcd" >/dev/null 2>&1 || true
    return 1
  fi
  pid=$(process_pid "$scratch_etcd")
}
# serves_or_ended JOB: true if the scratch etcd answers a linearizable read, or the job that runs it has ended.
serves_or_ended() { ! kill -0 "$1" 2>/dev/null || time_limit=10 etcdctl_json rke-dr >/dev/null 2>&1; }

# start_api SPEC
start_api() {
  (process_create "$scratch_api" "$1") && process_start "$scratch_api" || return 1
  ask_within "$(process_pid "$scratch_etcd")"
  until_true 180 api_ready || {
    printf 'the scratch kube-apiserver is not ready within 180 s: %s\n' "$(process_log "$scratch_api" 1)" >&2
    return 1
  }
  say "a scratch kube-apiserver is ready"
  printf ready
}

# object PATH: prints the scratch kube-apiserver's answer.
object() {
  ask_within "$(process_pid "$scratch_etcd")"
  answer_of "$(own_api)$1" "$api_client" 20 || {
    printf 'the scratch kube-apiserver has no %s\n' "$1" >&2
    return 1
  }
}

# room: ends the step unless the disk has twice the room that the copy takes.
room() {
  local size free
  [[ -e $from ]] || die "data: $from must be there: it isn't"
  size=$(du -sbL "$from" | cut -f1)
  free=$(df -B1 --output=avail "$state" | tail -n 1 | tr -d ' ')
  ((free >= 2 * size + 512 * 1024 ** 2)) || die "disk: $((2 * size + 512 * 1024 ** 2)) bytes must be free below $state: $free are"
}

clear_away() {
  local name
  for name in "$scratch_api" "$scratch_etcd"; do process_drop "$name" >/dev/null 2>&1 || true; done
  rm -rf "$scratch"
}
leave() {
  local status=$?
  trap - EXIT TERM INT HUP ERR
  clear_away
  say "everything removed"
  exit "$status"
}
