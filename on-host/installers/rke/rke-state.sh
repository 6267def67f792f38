# needs: lib/kube lib/cluster-secrets installers/rke/lib/nodes installers/rke/lib/state
# rke-state: prepares cluster.yml and cluster.rkestate so that `rke up` finds nothing to do.
# The lost hosts are taken out of currentState.rkeConfig.nodes: else RKE would dial them (18 s per host and role) and remove them. Hosts
# that have left the topology, such as a dead worker that the operator has removed from it, are taken out, too, and their Nodes are deleted
# here: RKE would dial them without a time limit.
# If the kubeconfig names another kube-apiserver than this side's own, it is changed.
# A survivor that runs etcd and isn't an etcd host in RKE's state gets that role there: RKE refuses to go on if none of its state's etcd
# hosts is left ("Etcd plane nodes are replaced").
# stdin: the new cluster.yml;  arguments: SERVER, the ADDRESS of the survivor that runs etcd, then ADDRESS ... of the lost
#   hosts
# cluster.rkestate holds every private key: it is edited here and never leaves the host.
main() {
  local server=$1 member=$2 dir=/etc/rke-dr address name
  begin "$@"
  shift 2
  cd "$dir" || die "rke: $dir is missing: this is no deploy host"
  [[ -s cluster.rkestate ]] || die "rke: $dir/cluster.rkestate is missing"
  printf '%s\n' "$data" | with_cluster_secrets >cluster.yml.new
  if grep -qE '<secret [^>]*>' cluster.yml.new; then
    die "cluster.yml: $(grep -oE '<secret [^>]*>' cluster.yml.new | head -n 1) lacks its secret in $dir/cluster-secrets, nothing was changed; \`pulumi up --stack primary\` puts it there"
  fi
  keep cluster.rkestate
  [[ ! -e cluster.yml ]] || keep cluster.yml
  # before the state is edited, which names them
  while read -r address name; do
    [[ " $* " != *" $address "* ]] || continue
    delete_node "$server" "$name"
    did "$name ($address) is not in the topology: it leaves currentState, too"
    set -- "$@" "$address"
  done < <(left_out <cluster.rkestate)
  # edits the state that is there now, not the copy: `rke up` may have run since the copy was made, by this program or by hand
  edit_nodes "$member" "$@" <cluster.rkestate >cluster.rkestate.new
  put_new cluster.rkestate
  did "lost hosts out of currentState in cluster.rkestate; the old one is cluster.rkestate.before-epoch-$epoch"
  put_new cluster.yml
  if [[ -s kube_config_cluster.yml ]] && ! grep -qF "$server" kube_config_cluster.yml; then
    keep kube_config_cluster.yml
    sed -i -E "s#^( *server: *).*#\1\"$server\"#" kube_config_cluster.yml
    did "kubeconfig points at $server now"
  fi
  did "cluster.yml without the lost hosts; the old one is cluster.yml.before-epoch-$epoch"
  finish
}

# left_out <STATE: prints a line "ADDRESS NAME" for each node of currentState that the new cluster.yml ($data) doesn't have.
left_out() {
  local kept line
  kept=" $(sed -n -E 's/^ *(- )?address: *"?([^" ]+)"? *$/\2/p' <<<"$data" | paste -sd' ') "
  # a change of hosts that was cut short may have entered one for etcd alone (rke-nodes.sh)
  state_nodes | cut -d" " -f 1,5 | sed 's/\.joined-etcd$//' | while IFS= read -r line; do
    [[ $kept == *" ${line%% *} "* ]] || printf '%s\n' "$line"
  done
}

# edit_nodes MEMBER LOST ... <STATE: prints STATE without the nodes LOST; MEMBER gets the role etcd as its last one, if it doesn't have it. All are
# addresses. RKE writes its state with one value a line, indented by depth (json.MarshalIndent); any other form is refused.
edit_nodes() {
  awk -v member="$1" -v lost=" ${*:2} " '
    function depth(line,  spaces) { match(line, /^ */); spaces = RLENGTH; if (!unit && spaces) unit = spaces; return unit ? spaces / unit : 0 }
    { last = $0; d = depth($0); text = substr($0, d * unit + 1) }
    d == 1 && /: *\{$/ { section = text; sub(/^"/, "", section); sub(/".*/, "", section) }
    d == 2 && /: *\{$/ { config = text; sub(/^"/, "", config); sub(/".*/, "", config) }
    section == "currentState" && config == "rkeConfig" && d == 3 && text ~ /^"nodes": *\[$/ { inside = 1; seen = 1; print; next }
    !inside { print; next }
    d == 3 {
      for (i = 1; i <= kept; i++) { sub(/,$/, "", nodes[i]); printf "%s%s\n", nodes[i], (i < kept ? "," : "") }
      inside = 0; print; next
    }
    d == 4 && text == "{" { node = $0; drop = 0; is_member = 0; next }
    d == 4 { node = node "\n" $0; if (!drop) { nodes[++kept] = node; if (is_member) found = 1 }; next }
    d == 5 && text ~ /^"role": *\[$/ { roles = 1; has_etcd = 0 }
    d == 6 && roles && text ~ /^"etcd",?$/ { has_etcd = 1 }
    d == 5 && roles && text ~ /^\]/ {
      roles = 0
      if (is_member && !has_etcd) { pad = last; sub(/\].*/, "", pad); node = node ",\n" pad sprintf("%" unit "s", "") "\"etcd\"" }
    }
    {
      node = node "\n" $0
      if (d == 5 && text ~ /^"address":/) {
        a = text; sub(/^"address": *"/, "", a); sub(/".*/, "", a)
        if (index(lost, " " a " ")) drop = 1
        if (a == member) is_member = 1
      }
    }
    END {
      if (last != "}") { print "the file ends early" >"/dev/stderr"; exit 5 }
      if (!seen || inside) { print "currentState.rkeConfig.nodes was not found" >"/dev/stderr"; exit 3 }
      if (!kept) { print "no node would be left" >"/dev/stderr"; exit 4 }
      if (!found) { print "no node has the address " member >"/dev/stderr"; exit 6 }
    }' || die "rke: cluster.rkestate is not as RKE v1.2.7 writes it; it was left as it is$(whole_copy)"
}
