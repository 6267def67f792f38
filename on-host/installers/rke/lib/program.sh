# needs: nothing
# The hosts that RKE knows, for facts.
# shellcheck shell=bash

# installer_hosts <STATE: prints a line "ADDRESS NAME" for each node of currentState in cluster.rkestate, in which RKE notes what it has built. It
# reads RKE's form of the file (json.MarshalIndent): one value a line, indented by depth.
installer_hosts() {
  awk '
    function value(line) { sub(/^ *"[a-zA-Z]*": *"/, "", line); sub(/".*/, "", line); return line }
    { match($0, /^ */); indent = RLENGTH }
    /^ *"(desired|current)State": *\{$/ { section = $0 }
    section ~ /currentState/ && /^ *"nodes": *\[$/ && !list { list = indent; next }
    !list || done { next }
    indent <= list { done = 1; next }
    /^ *\{$/ && !node { node = indent }
    /^ *"address": *"/ { address = value($0) }
    /^ *"hostnameOverride": *"/ { name = value($0) }
    indent == node && /^ *\}/ { print address, name; address = name = "" }'
}
