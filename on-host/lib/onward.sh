# needs: lib/step
# Commands on other hosts by this deploy host's own SSH.
# shellcheck shell=bash

# to HOST=USER@ADDRESS:PORT[=...]: sets $host, $user, and $reach, the command that runs a command there.
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
