# needs: lib/step
# RKE's state and kubeconfig, which deploy hosts bring to each other by their own SSH. The current folder is /etc/rke-dr.
# shellcheck shell=bash

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
