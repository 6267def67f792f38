# needs: lib/kube lib/files installers/rke/lib/brought installers/rke/lib/nodes installers/rke/lib/sync-nodes
# rke-nodes: brings RKE's state to the hosts that the topology has, so that `rke up` changes no member of etcd and dials no host that has left:
# - A host of the state whose address the topology doesn't have has left. If it answers SSH, it takes itself out of service (step leave);
#   if nothing answers there, only the lists are changed. Its Node is deleted, unless the topology has its name at another address.
# - currentState in cluster.rkestate: nodes that have left are dropped, the role etcd is where the topology has it. A new etcd host, which is
#   a member already, is entered with this role alone and under another name: to RKE its etcd is there, and all else of it is new.
# - Certificates that were issued anew for these hosts, with their old keys, are entered in currentState, too: etcd and kube-apiserver read
#   their certificate's file again by themselves, and RKE would restart them on all hosts at once.
# If RKE has no state yet, or the state's hosts are the topology's, nothing is changed. The old state is kept as cluster.rkestate.before-change.
# arguments: SERVER (this side's own kube-apiserver), HOST=USER@ADDRESS:PORT=SERVER of each other deploy host, "--", then of each host of the
#   topology NAME=ADDRESS=INTERNAL-ADDRESS=USER=PORT=ROLE[,ROLE ...]
# stdin: for each user that isn't root a line "@@ line USER COMMAND", as in rke-up.sh; for each step on a host that leaves and each user a line
#   "@@ line NAME USER COMMAND", the beginning of the command line of that step's bash; then these steps, each a line "@@ step NAME SECONDS" and
#   the input of its bash
# cluster.rkestate holds every private key: it is edited here and never leaves the deploy hosts.
main() {
  local server=$1 dir=/etc/rke-dr others=() work=$state/leaving changes what name target
  begin "$@"
  shift
  while [[ $1 != -- ]]; do others+=("$1") && shift; done
  shift
  cd "$dir" || die "rke: $dir is missing: this is no deploy host"
  [[ -s cluster.rkestate ]] || fetch ${others[@]+"${others[@]}"}
  if [[ ! -s cluster.rkestate ]]; then
    did "RKE has built no cluster yet"
    finish
    return
  fi
  changes=$(changed_nodes "$@" <cluster.rkestate)
  if [[ -z $changes ]]; then
    did "the hosts in RKE's state are the topology's"
    finish
    return
  fi
  rm -rf "$work" && mkdir -p "$work"
  awk -v work="$work" 'BEGIN { input = work "/lines" } /^@@ step /{ input = work "/" ++n "." $3 "." $4; next } { print >input }' <<<"$data"
  while read -r what name target; do
    [[ $what == gone ]] || continue
    take_out "$name" "$target" "$@"
    [[ " $*" == *" $name="* ]] || delete_node "$server" "$name"
  done <<<"$changes"
  rm -rf "$work"
  renewed_certificates certs >certs.renewed
  sync_nodes certs.renewed "$@" <cluster.rkestate >cluster.rkestate.new
  rm certs.renewed
  # a rerun before `rke up` finds the state as it is wanted: the old one is kept already
  if ! cmp -s cluster.rkestate cluster.rkestate.new; then
    cp -p cluster.rkestate cluster.rkestate.before-change.new && put_new cluster.rkestate.before-change
  fi
  put_new cluster.rkestate
  did "RKE's state has the topology's hosts ($(cut -d' ' -f 1,2 <<<"$changes" | paste -sd, | sed 's/,/, /g')); the old one is $dir/cluster.rkestate.before-change"
  if [[ -s kube_config_cluster.yml ]] && ! grep -qF "$server" kube_config_cluster.yml; then
    sed -i -E "s#^( *server: *).*#\1\"$server\"#" kube_config_cluster.yml
    did "kubeconfig points at $server now"
  fi
  finish
}

# changed_nodes HOST ... <STATE: prints "gone NAME USER@ADDRESS:PORT" for each node of the state that has left, "moved NAME -" for each that has the
# role etcd only in the state or only in the topology, or another internal address in them, and "new NAME -" for each host that the state lacks, or that a killed run has
# entered for etcd alone.
changed_nodes() {
  local address internal port user name roles host inside wanted
  local -A known=()
  while read -r address internal port user name roles; do
    known[$address]=$name
    IFS='=' read -r host _ inside _ _ wanted < <(host_at "$address" "$@")
    if [[ -z $host ]]; then
      # a killed run may have entered it for etcd alone, and `rke up` made its Node
      printf 'gone %s %s@%s:%s\n' "${name%.joined-etcd}" "$user" "$address" "$port"
    elif [[ $(has_etcd "$roles") != "$(has_etcd "$wanted")" || $internal != "$inside" ]]; then
      printf 'moved %s -\n' "$name"
    fi
  done < <(state_nodes)
  for host in "$@"; do
    IFS='=' read -r name address _ <<<"$host"
    [[ ${known[$address]-} == "$name" ]] || printf 'new %s -\n' "$name"
  done
}

has_etcd() { [[ ,$1, != *,etcd,* ]] || echo yes; }

# host_at ADDRESS HOST ...: prints the HOST with this address.
host_at() {
  local host
  for host in "${@:2}"; do
    if [[ $host =~ ^[^=]*=([^=]*)= && ${BASH_REMATCH[1]} == "$1" ]]; then
      printf '%s\n' "$host"
      return
    fi
  done
  echo
}

# take_out NAME USER@ADDRESS:PORT HOST ...: lets a host that has left take itself out of service. A host that doesn't accept connections
# at its SSH port is off, and one that shows another host key than before isn't the host that RKE knew.
take_out() {
  local name=$1 target=$2 port=${2##*:} address input script limit line status=0
  address=${2%:*} && address=${address##*@}
  if ! timeout 5 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null </dev/null; then
    did "$name ($address) doesn't answer: it is only taken off the lists"
    return
  fi
  for input in "$work"/*.*; do
    script=${input##*/} limit=${input##*.}
    script=${script#*.} script=${script%.*}
    line=$(awk -v step="$script" -v user="${target%%@*}" '$2 == "line" && $3 == step && $4 == user { sub(/^@@ line [^ ]+ [^ ]+ /, ""); print; exit }' "$work/lines")
    [[ -n $line ]] ||
      die "$name ($address) answers SSH, and no command line for its user ${target%%@*} was given: switch it off, and run \`up\` again"
    timeout --foreground "$((limit + 30))" ssh -i "$dir/ssh/id_ed25519" -o BatchMode=yes -o ConnectTimeout=6 \
      -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$dir/ssh/known_hosts" \
      -p "$port" "${target%:*}" "$line $script $epoch $generation $(printf '%q' "$act") $(printf '%q' "$cluster")$(step_arguments "$script" "${@:3}")" \
      <"$input" >/dev/null 2>"$state/leaving.log" || status=$?
    ((status != 0)) || continue
    if grep -q 'REMOTE HOST IDENTIFICATION HAS CHANGED' "$state/leaving.log"; then
      did "$name ($address) shows another host key: it isn't the host that RKE knew, and is only taken off the lists"
      return
    fi
    die "$name ($address) answers SSH, and can't be taken out of service: $(tail -n 1 "$state/leaving.log" | cut -c1-250); mend that, or switch it off, and run \`up\` again"
  done
  did "$name ($address): $(sed -n -E 's/^[^:]*: //p' "$state/leaving.log" | tail -n 1 | cut -c1-200)"
}

# step_arguments STEP HOST ...: prints the arguments of a step on a host that leaves, with a space before each.
step_arguments() {
  [[ $1 == leave ]] || return 0
  printf ' all %s' "$(printf '%s\n' "${@:2}" | cut -d= -f 2,3 | tr '=' '\n' | sort -u | paste -sd,)"
}

# renewed_certificates FOLDER: prints "NAME PEM" for each certificate that follows the hosts, PEM as a JSON string's text.
renewed_certificates() {
  local file name
  for file in "$1"/kube-apiserver.pem "$1"/kube-service-account-token.pem "$1"/kube-etcd-*.pem; do
    name=${file##*/} && name=${name%.pem}
    [[ -s $file && $name != *-key ]] || continue
    printf '%s %s\n' "$name" "$(awk 'NF { printf "%s\\n", $0 }' "$file")"
  done
}
