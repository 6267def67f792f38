# needs: lib/step
# RKE v1.4.4 to v1.4.22 and v1.5.0 to v1.5.8 restart the first control plane host's kube-apiserver in every `rke up` (cluster/reconcile.go
# RestartKubeAPIServerWhenConfigChanges): each plan that is built leaves one more copy of the checksums in services.kubeApi.extraEnv, and the state
# saves all of them. When the new run compares, it has built one plan for each etcd host that is a control plane host, too.
# shellcheck shell=bash

# settle_checksums COPIES: edits cluster.rkestate in the current folder so that its current state has as many copies as RKE is about to compare with.
# A state without checksums, or in another form than RKE writes, stays as it is: RKE then restarts that kube-apiserver, which does no harm but a pause.
settle_checksums() {
  local umask_before
  umask_before=$(umask)
  umask 077
  if with_copies "$1" <cluster.rkestate >cluster.rkestate.new && ! cmp -s cluster.rkestate cluster.rkestate.new; then
    put_new cluster.rkestate
    did "checksums in currentState's services.kubeApi.extraEnv: $1 of each now, so that rke doesn't restart kube-apiserver"
  fi
  rm -f cluster.rkestate.new
  umask "$umask_before"
}

# with_copies COPIES <STATE: prints STATE with that many copies of each checksum, at the end of currentState.rkeConfig.services.kubeApi.extraEnv; without a
# value left, the key goes, since RKE compares an empty list as different from none. Returns 1, with half of the output, for another form.
with_copies() {
  awk -v copies="$1" '
    function depth(line,  spaces) { match(line, /^ */); spaces = RLENGTH; if (!unit && spaces) unit = spaces; return unit ? spaces / unit : 0 }
    function name(text) { sub(/^"/, "", text); sub(/".*/, "", text); return text }
    { last = $0; d = depth($0); text = substr($0, d * unit + 1) }
    d >= 1 && d <= 4 && text ~ /: *\{$/ { path[d] = name(text) }
    d >= 1 && d <= 4 && text !~ /: *\{$/ { path[d] = "" }
    d == 5 && text ~ /^"extraEnv": *\[$/ && path[1] == "currentState" && path[2] == "rkeConfig" && path[3] == "services" && path[4] == "kubeApi" {
      inside = 1; opening = $0; kept = sums = 0; next
    }
    !inside { print; next }
    d == 6 {
      value = $0; sub(/,$/, "", value)
      if (text !~ /^"RKE_(AUDITLOG|CLOUD)_CONFIG_CHECKSUM=/) { list[++kept] = value; next }
      variable = text; sub(/=.*/, "", variable)
      if (!(variable in sum)) order[++sums] = variable
      sum[variable] = value; next
    }
    d == 5 && text == "]," {
      inside = 0
      for (i = 1; i <= copies; i++) for (j = 1; j <= sums; j++) list[++kept] = sum[order[j]]
      if (kept) { print opening; for (i = 1; i <= kept; i++) print list[i] (i < kept ? "," : ""); print }
      next
    }
    { exit 1 }
    END { if (inside || last != "}") exit 1 }'
}
