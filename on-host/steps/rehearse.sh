# needs: lib/process
# rehearse: tries out, on the standby of a living cluster, that the cluster's data can be recovered, and measures how long that takes, without
# touching the cluster. It takes a snapshot, restores it into a scratch folder, and starts a scratch etcd and a scratch kube-apiserver on it.
# Both scratch containers share a network namespace that has only a loopback: they can't reach the live etcd, webhooks, kubelets or other
# kube-apiservers, whatever the restored data and RKE's arguments name, and they use no port of the host.
# stdin: two lines, bodies for process_create: etcd's, then kube-apiserver's. Then stdin stays open until the operator
#   is gone; at its end, and if this script dies, everything is removed.
# arguments: IMAGE, etcd's;  ENDPOINT, the live etcd's client URL;  SOURCE: "live", or the name of a scheduled snapshot;  PREFIX of
#   Kubernetes' keys in etcd
# stdout: one line of JSON. Only the scratch kube-apiserver reads the values of keys.
# The functions below read the local variables of main.
scratch=$state/rehearsal watch="" times=()

main() {
  local image=$1 endpoint=$2 source=$3 prefix=$4 size revision="" keys snapshot=/rehearsal/snapshot.db body_etcd body_api
  IFS= read -r body_etcd
  IFS= read -r body_api
  exec 6>"$state/lock.rehearse"
  flock -w 30 6 || die "rehearsal: another one runs on this host"
  trap leave EXIT
  trap 'exit 143' TERM INT HUP
  watch_over
  clear_away "$scratch"
  mkdir -p "$scratch"
  room

  if [[ $source == live ]]; then
    timed snapshot quietly tool host snapshot save "$snapshot"
  else
    snapshot=/snapshots/$source.db
    grep -q "\"$(sha256sum "$state/snapshots/$source.db" | cut -d' ' -f1)\"" "$state/snapshots/$source.json" ||
      die "snapshot: $source.db isn't what it was when it was taken"
  fi
  [[ $(tool none snapshot status "$snapshot" -w json 2>/dev/null) =~ \"revision\":([0-9]+).*\"totalKey\":([0-9]+) ]] ||
    die "snapshot: etcdctl can't read it"
  revision=${BASH_REMATCH[1]} keys=${BASH_REMATCH[2]}
  size=$(stat -c %s "${scratch}/snapshot.db" 2>/dev/null || stat -c %s "$state/snapshots/$source.db")
  say "snapshot: revision $revision, $size bytes"
  timed restore quietly tool none snapshot restore "$snapshot" --data-dir /rehearsal/data --name rehearsal \
    --initial-cluster rehearsal=https://127.0.0.1:2380 --initial-advertise-peer-urls https://127.0.0.1:2380 \
    --initial-cluster-token "rke-dr-rehearsal-$generation"
  say "restored"

  timed etcd start_etcd "$body_etcd"
  say "the scratch etcd serves"
  local restored live exact=true
  restored=$(process_etcdctl rke-dr-rehearsal-etcd "" get "$prefix/" --prefix --keys-only | count "$prefix")
  # counted at the snapshot's revision, so that later writes make no difference; an old revision may be compacted away
  if ! live=$(live_keys --rev="$revision" | count "$prefix"); then
    exact=false
    live=$(live_keys | count "$prefix") || die "live etcd: its keys can't be listed"
  fi

  timed kubeApiserver start_api "$body_api"
  say "the scratch kube-apiserver is ready"
  timed firstWrite write
  local namespaces
  namespaces=$(api GET /api/v1/namespaces | grep -c '"uid": *"') || die "scratch kube-apiserver: can't list namespaces"
  say "it reads and writes"
  clear_away "$scratch"
  nothing_left
  say "everything removed"
  printf '{"host":%s,"source":%s,"revision":%s,"bytes":%s,"keys":%s,"exact":%s,"milliseconds":{%s},"namespaces":%s,"live":{%s},"restored":{%s}}\n' \
    "$(json "$(hostname)")" "$(json "$source")" "$revision" "$size" "$keys" "$exact" "$(comma "${times[@]}")" "$namespaces" \
    "$live" "$restored" >&3
}

# comma TEXT ...: prints the texts, separated by commas.
comma() {
  local IFS=,
  printf '%s' "$*"
}
# quietly COMMAND ...: runs COMMAND without its output, since etcdctl logs a lot; if it fails, the step ends with its last line.
quietly() { "$@" >/dev/null 2>"$scratch/said" || die "$(tail -n 1 "$scratch/said" | cut -c1-300)"; }
# timed NAME COMMAND ...: runs COMMAND and adds its milliseconds to $times.
timed() {
  local name=$1 from
  shift
  from=$(up_ms)
  "$@"
  times+=("\"$name\":$(($(up_ms) - from))")
}

# clear_away FOLDER: removes the scratch containers and the folder. It runs when this script ends, and in a process with a session of its own
# (watch_over) when the operator or this script is gone.
clear_away() {
  local ids
  ids=$(process_marked rke-dr.rehearsal)
  # shellcheck disable=SC2086 # IDs, one a word
  [[ -z $ids ]] || process_drop $ids >/dev/null 2>&1 || true
  rm -rf "$1"
}
watch_over() {
  # all of stdin was read by now: it stays silent, or it ends
  # shellcheck disable=SC2016 # the other process expands it
  setsid bash -c "$(declare -f clear_away process_marked process_drop)"'
    trap "" PIPE
    while kill -0 "$1" 2>/dev/null; do
      status=0
      IFS= read -r -t 0.5 line || status=$?
      ((status == 0 || status > 128)) || break
    done
    kill "$1" 2>/dev/null
    clear_away "$2"
    # a command that still ran may have made another container
    for i in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 "$1" 2>/dev/null || break
      sleep 0.5
    done
    clear_away "$2"' rke-dr-rehearsal-watch "$$" "$scratch" <&0 >/dev/null 2>&1 3>&- &
  watch=$!
}
leave() {
  local status=$?
  trap - EXIT TERM INT HUP ERR
  clear_away "$scratch"
  ((status == 0)) || say "ended early; everything removed"
  [[ -z $watch ]] || kill -KILL "$watch" 2>/dev/null
  exit "$status"
}
nothing_left() {
  [[ -z $(process_marked rke-dr.rehearsal) && ! -e $scratch ]] || die "rehearsal: something is left: $scratch, or a container rke-dr-rehearsal-*"
}

# room: ends the step unless the host has twice the disk and memory that the rehearsal needs: the live cluster needs this host. Sets $etcd_limit
# and $api_limit, the scratch containers' memory limits in bytes.
room() {
  local size free available api_memory pid
  image_present "$image" || die "docker: image $image isn't on this host"
  [[ $(tool host endpoint status -w json 2>/dev/null) =~ \"dbSize\":([0-9]+) ]] || die "etcd: $endpoint doesn't answer"
  size=${BASH_REMATCH[1]}
  free=$(df -B1 --output=avail "$scratch" | tail -n 1 | tr -d ' ')
  ((free >= 4 * size + 1024 ** 3)) || die "disk: $free bytes are free below $scratch, $((4 * size + 1024 ** 3)) are needed"
  pid=$(process_pid kube-apiserver) || die "kube-apiserver: there is none on this host"
  api_memory=$(awk '/^VmRSS/ { printf "%.0f", $2 * 1024 }' "/proc/$pid/status")
  available=$(awk '/^MemAvailable/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
  etcd_limit=$((2 * size + 512 * 1024 ** 2)) api_limit=$((2 * ${api_memory:-0} + 1024 ** 3))
  ((available >= 2 * (etcd_limit + api_limit))) ||
    die "memory: $available bytes are available, $((2 * (etcd_limit + api_limit))) are needed"
}

# tool NETWORK ARGUMENT ...: etcdctl, run alone; with NETWORK none instead of host it can't reach the cluster.
tool() {
  local network=() ssl=/etc/kubernetes/ssl
  [[ $1 == none ]] || network=(--host-network)
  shift
  run_alone "$image" /usr/local/bin/etcdctl --name rke-dr-rehearsal-tool --mark rke-dr.rehearsal ${network[@]+"${network[@]}"} --last \
    --env ETCDCTL_API=3 --env ETCDCTL_ENDPOINTS="$endpoint" --env ETCDCTL_CACERT=$ssl/kube-ca.pem --env ETCDCTL_CERT=$ssl/kube-node.pem \
    --env ETCDCTL_KEY=$ssl/kube-node-key.pem --write "$scratch":/rehearsal --read "$state/snapshots":/snapshots \
    --read /etc/kubernetes:/etc/kubernetes -- "$@"
}
# live_keys [OPTION ...]: prints the live etcd's keys. It is a serializable read: one member answers without asking the others.
live_keys() { tool host get "$prefix/" --prefix --keys-only --consistency=s "$@" 2>/dev/null; }

# count PREFIX <KEYS: prints the number of objects by resource, as members of a JSON object. A key is PREFIX/RESOURCE/..., PREFIX/GROUP/RESOURCE/... of an API group that
# isn't built in, or PREFIX/services/(specs|endpoints)/... (kubernetes, pkg/registry and pkg/controlplane/storage).
count() {
  awk -v prefix="$1/" '
    index($0, prefix) == 1 {
      n = split(substr($0, length(prefix) + 1), part, "/")
      name = part[1]
      if (n > 2 && (name ~ /\./ || name == "services")) name = name "/" part[2]
      seen[name]++
    }
    END { for (name in seen) printf "%s\"%s\":%d", (i++ ? "," : ""), name, seen[name] }'
}

# inside COMMAND ...: in the scratch containers' network.
inside() { nsenter -t "$etcd_pid" -n "$@"; }
# scratch_healthy URL
scratch_healthy() {
  local ssl=/etc/kubernetes/ssl
  inside curl -sf --max-time 2 --cacert "$ssl/kube-ca.pem" --cert "$ssl/kube-node.pem" --key "$ssl/kube-node-key.pem" "$1" 2>/dev/null </dev/null |
    grep -Eq '^ok$|"health": ?"?true'
}
# start_etcd BODY: sets $etcd_pid.
start_etcd() {
  process_create rke-dr-rehearsal-etcd "$(spec_with_memory "$1" "$etcd_limit")"
  process_start rke-dr-rehearsal-etcd
  etcd_pid=$(process_pid rke-dr-rehearsal-etcd)
  until_true 120 scratch_healthy https://127.0.0.1:2379/health ||
    die "scratch etcd: not healthy within 120 s: $(process_log rke-dr-rehearsal-etcd 1 | cut -c1-300)"
}
# start_api BODY
start_api() {
  process_create rke-dr-rehearsal-api "$(spec_with_memory "$1" "$api_limit")"
  process_start rke-dr-rehearsal-api
  until_true 180 scratch_healthy https://127.0.0.1:6443/readyz ||
    die "scratch kube-apiserver: not ready within 180 s: $(process_log rke-dr-rehearsal-api 1 | cut -c1-300)"
}
# api METHOD PATH [BODY]: asks the scratch kube-apiserver.
api() {
  printf '%s' "${3:-}" | inside curl -sSf --max-time 10 --cacert $certs/kube-ca.pem --cert $certs/kube-admin.pem --key $certs/kube-admin-key.pem \
    -X "$1" ${3:+-H "Content-Type: application/apply-patch+yaml" --data-binary @-} "https://127.0.0.1:6443$2"
}
write() {
  until_true 60 try_write || die "scratch kube-apiserver: accepted no write within 60 s"
}
try_write() {
  api PATCH "/api/v1/namespaces/kube-system/configmaps/rke-dr-rehearsal?fieldManager=rke-dr&force=true" \
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rke-dr-rehearsal"},"data":{"written":"yes"}}' >/dev/null 2>&1
}
certs=/etc/rke-dr/certs etcd_pid="" etcd_limit=0 api_limit=0
