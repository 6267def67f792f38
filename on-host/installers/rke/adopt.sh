# needs: lib/step
# adopt: takes over a cluster that RKE built without this program: puts its state and a kubeconfig where a failover looks
# for them. No container is touched, and no `rke up` runs.
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
  mv kube_config_cluster.yml.adopted kube_config_cluster.yml
  did "kubeconfig for $1 put in $dir"
  # RKE may have written a newer one since
  if [[ -s cluster.rkestate ]]; then
    rm cluster.rkestate.adopted
    did "cluster.rkestate is there and stays as it is"
  else
    # the cluster has these certificates: `rke up` needs no --custom-certs for them
    cat certs/*.pem | sha256sum | cut -c1-16 >certs.applied
    mv cluster.rkestate.adopted cluster.rkestate
    did "RKE's state put in $dir"
  fi
  finish
}
