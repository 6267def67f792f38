# needs: lib/step installers/rke/lib/checksums
# rke-up: runs `rke up` on this deploy host and brings state and kubeconfig to the other deploy hosts.
# stdin: for each user of the other deploy hosts that isn't root a line "@@ line USER COMMAND": its argument is a command that root's sh runs
#   there; then a hash of everything that the run depends on, so that the step runs again when one of these changes
# arguments: SERVER (this side's own kube-apiserver), then with some releases of RKE --checksums=COPIES (installers/rke/lib/checksums), then
#   HOST=USER@ADDRESS:PORT=SERVER per other deploy host
# The first run, and a run after the certificates have changed, gets --custom-certs; without it RKE keeps the certificates that it has.
main() {
  local server=$1 dir=/etc/rke-dr log=$aside/rke-up.log status=0 flags=(--ignore-docker-version) certs_sum rke_pid copies=""
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
  say "rke up ${flags[*]}"
  : >"$log"
  rke up --config cluster.yml "${flags[@]}" </dev/null >"$log" 2>&1 &
  rke_pid=$!
  # rke writes to a file, not to the operator: so it goes on if the operator's connection is cut
  tail -n +1 -s 0.2 -f --pid=$rke_pid "$log" 2>/dev/null | progress &
  wait "$!" || true
  wait "$rke_pid" || status=$?
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

# to HOST=USER@ADDRESS:PORT=SERVER: sets $host, $user, and $reach, the command that runs a command there.
to() {
  local target=${1#*=} port
  user=${target%%@*}
  host=${1%%=*}
  port=${target%%=*} && port=${port##*:}
  reach=(ssh -i /etc/rke-dr/ssh/id_ed25519 -o BatchMode=yes -o ConnectTimeout=5 -o UserKnownHostsFile=/etc/rke-dr/ssh/known_hosts
    -o StrictHostKeyChecking=yes -p "$port" "${target%%:*}")
}

# as_root COMMAND: prints the command line on a host of $user with which root's shell runs COMMAND.
as_root() {
  local line quote="'" quoted="'\\''"
  line=$(awk -v user="$user" '$1 == "@@" && $2 == "line" && $3 == user { sub(/^@@ line [^ ]+ /, ""); print; exit }' <<<"$data")
  if [[ -z $line ]]; then printf '%s' "$1"; else printf "%s '%s'" "$line" "${1//"$quote"/"$quoted"}"; fi
}

# The files that deploy hosts bring to each other. certs.applied must be the last: without this mark RKE is given the certificates again.
brought="cluster.rkestate kube_config_cluster.yml certs.applied"

# take_in COMMAND ... <TAR: puts the files that another deploy host sent into the current folder, all of them or none: half of RKE's state is
# useless, and the files that are here may be needed at any moment. COMMAND changes the files before they take their place. This function
# is also sent to the other host, to its sh.
take_in() {
  rm -rf .brought && mkdir .brought && tar -C .brought -xf - || return 1
  # tar reports no error if the stream ends between two files
  for file in $brought; do [ -s ".brought/$file" ] || return 1; done
  (cd .brought && "$@") || return 1
  for file in $brought; do mv ".brought/$file" "$file" || return 1; done
  rmdir .brought
}

# fetch HOST=USER@ADDRESS:PORT=SERVER ...: brings RKE's state from another deploy host to this one, which was set up anew: without it, RKE would
# take a running cluster for a new one.
fetch() {
  local other host user reach
  for other in "$@"; do
    to "$other"
    if "${reach[@]}" "$(as_root "cd /etc/rke-dr && [ -s cluster.rkestate ] && tar -cf - $brought")" </dev/null 2>/dev/null | take_in true 2>/dev/null; then
      did "cluster.rkestate brought here from $host"
      return
    fi
  done
}

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
