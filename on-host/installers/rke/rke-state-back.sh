# needs: installers/rke/lib/state
# rke-state-back: prepares cluster.rkestate so that `rke up` takes the returned hosts for hosts that were never away: the nodes of its current
# state become those from before the failover. Else RKE would add their etcd members itself, as voters.
# arguments: FILE, the state from before the failover, in /etc/rke-dr;  ADDRESS ...
#   of the returned hosts
main() {
  local from=$1 dir=/etc/rke-dr
  begin "$@"
  # after that RKE has written its state itself, and the topology may have changed
  if grep -qs "\"epoch\":$epoch," "$state/steps/rke-up"; then
    did "\`rke up\` of epoch $epoch has taken the returned hosts already"
    finish
    return
  fi
  cd "$dir" || die "rke: $dir is missing: this is no deploy host"
  [[ -s cluster.rkestate ]] || die "rke: $dir/cluster.rkestate is missing"
  [[ -s $from ]] || die "rke: $dir/$from is missing: it holds what RKE knew of the returned hosts"
  from=$(newest_with "${@:2}") || from=$1
  keep cluster.rkestate
  put_nodes "$from" <cluster.rkestate >cluster.rkestate.new
  put_new cluster.rkestate
  # makes `rke up` take the certificates anew: RKE has forgotten those of the returned hosts
  if [[ -e certs.applied ]]; then
    mv certs.applied "certs.applied.before-epoch-$epoch"
  fi
  did "nodes of currentState in cluster.rkestate are those of $from; the old file is cluster.rkestate.before-epoch-$epoch"
  finish
}

# newest_with ADDRESS ...: prints the newest state from before an act that has all these hosts. The state from before the failover has them,
# unless that failover came in the middle of a failback, before RKE's state had the returned hosts again.
newest_with() {
  local file nodes address
  for file in $(states_before); do
    nodes=$(nodes_of "$file" 2>/dev/null) || continue
    for address in "$@"; do
      [[ $nodes =~ \"address\":\ *\"${address//./\\.}\" ]] || continue 2
    done
    printf '%s\n' "$file"
    return
  done
  return 1
}

# put_nodes FILE <STATE: prints STATE with FILE's currentState.rkeConfig.nodes in the place of its own. Nodes that only STATE has are dropped:
# either the topology doesn't have them, or `rke up` adds them.
put_nodes() {
  local nodes
  nodes=$(nodes_of "$1") || die "rke: $1 is not as RKE v1.2.7 writes it; cluster.rkestate was left as it is"
  nodes_of /dev/stdin <(printf '%s\n' "$nodes") ||
    die "rke: cluster.rkestate is not as RKE v1.2.7 writes it; it was left as it is$(whole_copy)"
}
# nodes_of FILE [LIST]: prints the lines of FILE's list of nodes; with LIST, a file, prints all of FILE with LIST's lines in their place.
nodes_of() {
  awk -v list="${2-}" '
    function depth(line,  spaces) { match(line, /^ */); spaces = RLENGTH; if (!unit && spaces) unit = spaces; return unit ? spaces / unit : 0 }
    { last = $0; d = depth($0); text = substr($0, d * unit + 1) }
    d == 1 && /: *\{$/ { section = text; sub(/^"/, "", section); sub(/".*/, "", section) }
    d == 2 && /: *\{$/ { config = text; sub(/^"/, "", config); sub(/".*/, "", config) }
    inside && d == 3 { inside = 0; while (list != "" && (getline line < list) > 0) print line }
    inside { count++; if (list == "") print; next }
    list != "" { print }
    section == "currentState" && config == "rkeConfig" && d == 3 && text ~ /^"nodes": *\[$/ { inside = 1; seen = 1 }
    END {
      if (last != "}") { print "the file ends early" >"/dev/stderr"; exit 5 }
      if (!seen || inside || !count) { print "currentState.rkeConfig.nodes was not found" >"/dev/stderr"; exit 3 }
    }' "$1"
}
