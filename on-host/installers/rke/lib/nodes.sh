# needs: nothing
# The hosts that RKE's state names: currentState.rkeConfig.nodes of cluster.rkestate. RKE writes its state with one value a line, indented by
# depth (json.MarshalIndent).
# shellcheck shell=bash

# state_nodes <STATE: prints a line "ADDRESS INTERNAL-ADDRESS PORT USER NAME ROLES" for each node, ROLES separated by commas; nothing if the
# state isn't in RKE's form.
state_nodes() {
  awk '
    function depth(line,  spaces) { match(line, /^ */); spaces = RLENGTH; if (!unit && spaces) unit = spaces; return unit ? spaces / unit : 0 }
    function value(line) { sub(/^"[a-zA-Z]*": *"/, "", line); sub(/",?$/, "", line); return line }
    { d = depth($0); text = substr($0, d * unit + 1) }
    d == 1 && /: *\{$/ { section = text; sub(/^"/, "", section); sub(/".*/, "", section) }
    d == 2 && /: *\{$/ { config = text; sub(/^"/, "", config); sub(/".*/, "", config) }
    section == "currentState" && config == "rkeConfig" && d == 3 && text ~ /^"nodes": *\[$/ { inside = 1; next }
    !inside { next }
    d == 3 { exit }
    d == 4 && text == "{" { address = internal = name = roles = in_roles = ""; port = "22"; user = "root"; next }
    d == 4 { if (address != "") print address, (internal == "" ? address : internal), port, user, name, roles; next }
    d == 5 && text ~ /^"role": *\[$/ { in_roles = 1; next }
    d == 5 { in_roles = "" }
    in_roles { gsub(/[",]/, "", text); roles = roles (roles == "" ? "" : ",") text; next }
    d == 5 && text ~ /^"address":/ { address = value(text) }
    d == 5 && text ~ /^"internalAddress":/ { internal = value(text) }
    d == 5 && text ~ /^"port":/ { port = value(text) }
    d == 5 && text ~ /^"user":/ { user = value(text) }
    d == 5 && text ~ /^"hostnameOverride":/ { name = value(text) }'
}
