# needs: lib/onward
# RKE's state and kubeconfig, which deploy hosts bring to each other by their own SSH. The current folder is /etc/rke-dr.
# shellcheck shell=bash

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
