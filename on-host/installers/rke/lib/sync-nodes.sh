# needs: lib/step
# Edits currentState in cluster.rkestate, in RKE's own form: one value a line, indented by depth (json.MarshalIndent).
# shellcheck shell=bash

# sync_nodes CERTIFICATES HOST ... <STATE: prints STATE with the topology's HOSTS (NAME=ADDRESS=INTERNAL-ADDRESS=USER=PORT=ROLES) in currentState:
# nodes at other addresses are dropped, the role etcd is where a HOST has it, internal addresses are the HOSTS', and an etcd host that the state lacks is entered with this role
# alone, as NAME.joined-etcd. CERTIFICATES is a file with a line "NAME PEM" for each certificate whose text is replaced if the state has it.
sync_nodes() {
  awk -v certificates="$1" -v hosts="$(printf '%s\n' "${@:2}" | paste -sd' ')" '
    function depth(line,  spaces) { match(line, /^ */); spaces = RLENGTH; if (!unit && spaces) unit = spaces; return unit ? spaces / unit : 0 }
    function pad(d) { return sprintf("%" d * unit "s", "") }
    function has_etcd(roles) { return index("," roles ",", ",etcd,") > 0 }
    function add(node) { all[++kept] = node }
    function finish_node(  i, out, wanted, list, count, given) {
      if (!(address in host)) return
      seen_at[address] = 1
      split(host[address], wanted, "=")
      list = ""
      count = split(roles, given, ",")
      for (i = 1; i <= count; i++) if (given[i] != "etcd" || has_etcd(wanted[6])) list = list (list == "" ? "" : ",") given[i]
      if (!has_etcd(roles) && has_etcd(wanted[6])) list = list (list == "" ? "" : ",") "etcd"
      if (list == "") return
      out = ""
      for (i = 1; i <= lines; i++) out = out (i > 1 ? "\n" : "") (line[i] == "@roles" ? roles_text(list) : i == inside_line ? inside_text(line[i], wanted[3]) : line[i])
      add(out)
    }
    function inside_text(text, wanted,  own) {
      own = text; sub(/^ *"internalAddress": *"/, "", own); sub(/".*/, "", own)
      # an empty one is the address
      return own == wanted || own == "" && wanted == address ? text : pad(5) "\"internalAddress\": \"" wanted "\"" (text ~ /,$/ ? "," : "")
    }
    function roles_text(list,  i, out, one, count) {
      count = split(list, one, ",")
      out = pad(5) "\"role\": ["
      for (i = 1; i <= count; i++) out = out "\n" pad(6) "\"" one[i] "\"" (i < count ? "," : "")
      return out "\n" pad(5) roles_end
    }
    BEGIN {
      count = split(hosts, given, " ")
      for (i = 1; i <= count; i++) { split(given[i], part, "="); order[i] = part[2]; host[part[2]] = given[i] }
      total = count
      while ((getline text < certificates) > 0) { at = index(text, " "); pem[substr(text, 1, at - 1)] = substr(text, at + 1) }
    }
    { last = $0; d = depth($0); text = substr($0, d * unit + 1) }
    d == 1 && /: *\{$/ { section = text; sub(/^"/, "", section); sub(/".*/, "", section) }
    d == 2 && /: *\{$/ { config = text; sub(/^"/, "", config); sub(/".*/, "", config) }
    section == "currentState" && config == "certificatesBundle" && d == 3 && /: *\{$/ { certificate = text; sub(/^"/, "", certificate); sub(/".*/, "", certificate) }
    section == "currentState" && config == "certificatesBundle" && d == 4 && text ~ /^"certificatePEM": *"/ && (certificate in pem) {
      print pad(4) "\"certificatePEM\": \"" pem[certificate] "\"" (text ~ /,$/ ? "," : "")
      next
    }
    section == "currentState" && config == "rkeConfig" && d == 3 && text ~ /^"nodes": *\[$/ { inside = 1; seen = 1; print; next }
    !inside { print; next }
    d == 3 {
      for (i = 1; i <= total; i++) {
        split(host[order[i]], part, "=")
        if (order[i] in seen_at || !has_etcd(part[6])) continue
        add(pad(4) "{\n" pad(5) "\"address\": \"" part[2] "\",\n" pad(5) "\"port\": \"" part[5] "\",\n" pad(5) "\"internalAddress\": \"" part[3] "\",\n" \
          pad(5) "\"role\": [\n" pad(6) "\"etcd\"\n" pad(5) "],\n" pad(5) "\"hostnameOverride\": \"" part[1] ".joined-etcd\",\n" \
          pad(5) "\"user\": \"" part[4] "\"\n" pad(4) "}")
      }
      for (i = 1; i <= kept; i++) { sub(/,$/, "", all[i]); printf "%s%s\n", all[i], (i < kept ? "," : "") }
      inside = 0; print; next
    }
    d == 4 && text == "{" { lines = inside_line = 0; address = roles = ""; line[++lines] = $0; next }
    d == 4 { line[++lines] = $0; finish_node(); next }
    d == 5 && text ~ /^"role": *\[$/ { in_roles = 1; line[++lines] = "@roles"; next }
    d == 5 && in_roles { in_roles = 0; roles_end = text; next }
    in_roles { role = text; gsub(/[",]/, "", role); roles = roles (roles == "" ? "" : ",") role; next }
    {
      line[++lines] = $0
      if (d == 5 && text ~ /^"address":/) { address = text; sub(/^"address": *"/, "", address); sub(/".*/, "", address) }
      if (d == 5 && text ~ /^"internalAddress":/) inside_line = lines
    }
    END {
      if (last != "}") { print "the file ends early" >"/dev/stderr"; exit 5 }
      if (!seen || inside) { print "currentState.rkeConfig.nodes was not found" >"/dev/stderr"; exit 3 }
      if (!kept) { print "no node would be left" >"/dev/stderr"; exit 4 }
    }' || die "rke: cluster.rkestate is not as RKE writes it; it was left as it is"
}
