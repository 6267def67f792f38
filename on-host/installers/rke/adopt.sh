# needs: lib/step
# adopt: takes over a cluster that RKE built without this program: puts RKE's state and a kubeconfig into /etc/rke-dr, where a failover
# looks for them. Touches no container and runs no `rke up`.
# stdin: files, each a line "@@ PATH" and its content: cluster.rkestate and kube_config_cluster.yml;  arguments: SERVER
main() {
  local dir=/etc/rke-dr file="" line
  begin "$@"
  cd "$dir" || die "adopt: $dir is missing: this is no deploy host"
  while IFS= read -r line; do
    if [[ $line == "@@ "* ]]; then
      file=${line#@@ }
      [[ $file == cluster.rkestate || $file == kube_config_cluster.yml ]] || die "adopt: an unknown file: $file"
      : >"$file.adopted"
    elif [[ -n $file ]]; then
      printf '%s\n' "$line" >>"$file.adopted"
    fi
  done <<<"$data"
  [[ -s cluster.rkestate.adopted && -s kube_config_cluster.yml.adopted ]] || die "adopt: state or kubeconfig is missing"
  lasts kube_config_cluster.yml.adopted
  mv kube_config_cluster.yml.adopted kube_config_cluster.yml
  did "kubeconfig for $1 put in $dir"
  # a state that is there already may be newer: RKE has written it since
  if [[ -s cluster.rkestate ]]; then
    rm cluster.rkestate.adopted
    did "cluster.rkestate is there and stays as it is"
  else
    # marks the certificates as known to RKE, since the cluster has them: `rke up` runs without --custom-certs
    cat certs/*.pem | sha256sum | cut -c1-16 >certs.applied
    lasts cluster.rkestate.adopted
    mv cluster.rkestate.adopted cluster.rkestate
    did "RKE's state put in $dir"
  fi
  finish
}
