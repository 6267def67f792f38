# rke-state: prepares cluster.yml and cluster.rkestate so that `rke up` finds nothing to do.
# The lost hosts leave currentState.rkeConfig.nodes: else RKE dials them (18 s per host and role) and removes them.
# The kubeconfig comes to name this side's own kube-apiserver, if it named another.
# stdin: the new cluster.yml;  arguments: SERVER, then ADDRESS ... of the lost hosts
# cluster.rkestate holds every private key: it is edited here and never leaves the host.
main() {
  local server=$1 dir=/etc/rke-dr
  begin "$@"
  shift
  cd "$dir" || die "rke: $dir is missing: this is no deploy host"
  [[ -s cluster.rkestate ]] || die "rke: $dir/cluster.rkestate is missing"
  keep cluster.rkestate
  [[ ! -e cluster.yml ]] || keep cluster.yml
  # what is there now, not the copy: since then `rke up` may have run, by this program or by hand
  drop_nodes "$@" <cluster.rkestate >cluster.rkestate.new
  mv cluster.rkestate.new cluster.rkestate
  did "lost hosts out of currentState in cluster.rkestate; the old one is cluster.rkestate.before-epoch-$epoch"
  printf '%s\n' "$data" >cluster.yml.new
  mv cluster.yml.new cluster.yml
  if [[ -s kube_config_cluster.yml ]] && ! grep -qF "$server" kube_config_cluster.yml; then
    keep kube_config_cluster.yml
    sed -i -E "s#^( *server: *).*#\1\"$server\"#" kube_config_cluster.yml
    did "kubeconfig points at $server now"
  fi
  did "cluster.yml without the lost hosts; the old one is cluster.yml.before-epoch-$epoch"
  finish
}

# A copy from before this epoch, whole or not at all.
keep() {
  [[ -e $1.before-epoch-$epoch ]] && return
  cp -p "$1" "$1.before-epoch-$epoch.new"
  mv "$1.before-epoch-$epoch.new" "$1.before-epoch-$epoch"
}

# RKE writes its state one value a line, indented by depth (json.MarshalIndent). Nothing but that form is edited.
drop_nodes() {
  awk -v lost=" $* " '
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
    d == 4 && text == "{" { node = $0; drop = 0; next }
    d == 4 { node = node "\n" $0; if (drop) dropped++; else nodes[++kept] = node; next }
    {
      node = node "\n" $0
      if (d == 5 && text ~ /^"address":/) { a = text; sub(/^"address": *"/, "", a); sub(/".*/, "", a); if (index(lost, " " a " ")) drop = 1 }
    }
    END {
      if (last != "}") { print "the file ends early" >"/dev/stderr"; exit 5 }
      if (!seen || inside) { print "currentState.rkeConfig.nodes was not found" >"/dev/stderr"; exit 3 }
      if (!kept) { print "no node would be left" >"/dev/stderr"; exit 4 }
    }' || die "rke: cluster.rkestate is not as RKE v1.2.7 writes it; it was left as it is"
}
