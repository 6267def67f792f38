# needs: lib/kube installers/rke/lib/checksums installers/rke/lib/brought
# rke-up: runs `rke up` on this deploy host and brings state and kubeconfig to the other deploy hosts.
# stdin: for each user of the other deploy hosts that isn't root a line "@@ line USER COMMAND": its argument is a command that root's sh runs
#   there; then a hash of everything that the run depends on, so that the step runs again when one of these changes
# arguments: SERVER (this side's own kube-apiserver), then with some releases of RKE --checksums=COPIES (installers/rke/lib/checksums), then
#   HOST=USER@ADDRESS:PORT=SERVER per other deploy host
# The first run, and a run after the certificates have changed, gets --custom-certs; without it RKE keeps the certificates that it has.
# RKE gives up at a Node that isn't ready when its turn comes, as on a rebuilt host whose kubelet it has only just started: then these Nodes
# are waited for, and `rke up` runs once more.
main() {
  local server=$1 dir=/etc/rke-dr log=$aside/rke-up.log status=0 flags=(--ignore-docker-version) certs_sum copies="" waiting=()
  begin "$@"
  shift
  if [[ ${1-} == --checksums=* ]]; then
    copies=${1#*=}
    shift
  fi
  cd "$dir" || die "rke: $dir is missing: this is no deploy host"
  command -v rke >/dev/null || die "rke: not found on this deploy host's PATH"
  mkdir -p "$aside"
  [[ -s cluster.rkestate ]] || fetch "$@"
  [[ -z $copies || ! -s cluster.rkestate ]] || settle_checksums "$copies"
  certs_sum=$(cat certs/*.pem | sha256sum | cut -c1-16)
  if [[ ! -s cluster.rkestate || $(cat certs.applied 2>/dev/null) != "$certs_sum" ]]; then
    flags+=(--custom-certs --cert-dir certs)
  fi
  run_rke || status=$?
  if ((status != 0)); then
    mapfile -t waiting < <(not_ready <"$log")
    if ((${#waiting[@]} > 0)); then
      say "rke: it didn't wait for ${waiting[*]}; it runs once more when they are ready"
      cp "$log" "$log.first"
      if until_true 180 nodes_ready "$server" "${waiting[@]}"; then
        status=0
        run_rke || status=$?
      fi
    fi
  fi
  if ((status != 0)); then
    say "rke: what \`rke up\` had changed until then stays; its output is in $log"
    [[ $act != failover:* ]] || say "rke: etcd and kube-apiserver of epoch $epoch serve already; cluster.yml and cluster.rkestate are prepared, the old ones lie beside them"
    die "rke: \`rke up\` failed with $status: $({ grep -E 'level=fatal|FATA' "$log" || true; } | tail -n 1 | cut -c1-300)"
  fi
  printf '%s\n' "$certs_sum" >certs.applied
  own_server "$server" kube_config_cluster.yml
  did "rke up ${flags[*]}: $(grep -c 'Starting container' "$log" || true) containers started, $(grep -c 'Stopping container' "$log" || true) stopped"
  share "$@"
  finish
}

# run_rke: runs `rke up` with $flags, with its output in $log; returns its exit code.
run_rke() {
  local rke_pid code=0
  say "rke up ${flags[*]}"
  : >"$log"
  rke up --config cluster.yml "${flags[@]}" </dev/null >"$log" 2>&1 &
  rke_pid=$!
  # rke writes to a file, not to the operator: so it goes on if the operator's connection is cut
  tail -n +1 -s 0.2 -f --pid=$rke_pid "$log" 2>/dev/null | progress &
  wait "$!" || true
  wait "$rke_pid" || code=$?
  return "$code"
}

# not_ready <LOG: prints the Nodes that made `rke up` fail because they weren't ready, by RKE's last error.
not_ready() {
  { grep -E 'level=fatal|FATA' || true; } | tail -n 1 | { grep -oE 'host [^] ]+ not ready' || true; } | cut -d' ' -f 2 | sort -u
}

# nodes_ready SERVER NODE ...: true if all of them are ready.
nodes_ready() {
  local node
  for node in "${@:2}"; do node_ready "$1" "$node" || return 1; done
}

# progress <LOG: passes the milestones of RKE's output on to the operator; everything is in the log.
progress() {
  grep --line-buffered -E 'stand-in|Running RKE version|Building|\[etcd\] etcd host|Processing|Upgrading|Finished|level=(warning|error|fatal)|FATA|WARN' |
    while IFS= read -r line; do
      line=${line#*level=}
      printf '%s: rke: %s\n' "$(hostname)" "${line:0:300}" >&2
    done || true
}

# own_server SERVER KUBECONFIG: makes the kubeconfig name this side's own kube-apiserver: after a loss, no other is of use.
own_server() { sed -i -E "s#^( *server: *).*#\1\"$1\"#" "$2"; }

# share HOST=USER@ADDRESS:PORT=SERVER ...: brings RKE's state and kubeconfig from here to the other deploy hosts.
share() {
  local other host user reach
  for other in "$@"; do
    to "$other"
    # shellcheck disable=SC2086 # names, one a word
    tar -C /etc/rke-dr -cf - $brought |
      "${reach[@]}" "$(as_root "umask 077; cd /etc/rke-dr || exit 1; brought='$brought'; $(declare -f take_in); take_in sed -i -E 's#^( *server: *).*#\\1\"${other##*=}\"#' kube_config_cluster.yml")" ||
      die "rke: state can't be brought to deploy host $host"
    did "cluster.rkestate and kubeconfig brought to $host"
  done
}
