# needs: lib/kube
# endpoint: asks the API by the name that workers and administrators have for it, controlPlaneEndpoint: the name must lead to no lost host, and what answers
# there must be the cluster of this act. All kube-apiservers' certificates have the name, so to move it is all that it takes.
# A control plane host knows the cluster by the ConfigMap that step first-write has written; a worker has no right to read it, and only sees that
# a ready API of the cluster's CA answers.
# stdin: lines KEY=VALUE: name, port; lost, addresses of hosts that were given up, separated by spaces; must, yes: else the step succeeds even if
#   the name leads elsewhere, and only reports it
# shellcheck shell=bash
main() {
  local name port lost must leads="" why=""
  begin "$@"
  name=$(setting name) port=$(setting port) lost=$(setting lost) must=$(setting must)
  if until_true "$([[ $must == yes ]] && echo 90 || echo 3)" answers; then
    did "the API answers by $name, which leads to $leads"
  elif [[ $must == yes ]]; then
    die "endpoint: $name must lead to an API server of this act: $why. The API serves on its own hosts; what is missing is the name. Let it lead there (docs/failover.md, \"The name of the API\"), then run \`pulumi up\` again"
  else
    did "the API doesn't answer by $name yet: $why"
  fi
  fact leads "$leads"
  finish
}

setting() { sed -n "s/^$1=//p" <<<"$data"; }

# answers: true if the API answers by the name. Sets $leads, and $why it doesn't.
# shellcheck disable=SC2154 # installers/kubeadm/host.sh sets pki and admin_config
answers() {
  local address url found
  leads=$(timeout 3 getent ahosts "$name" 2>/dev/null | awk '{ print $1 }' | sort -u | paste -sd' ') || true
  [[ -n $leads ]] || { why="it leads nowhere" && return 1; }
  for address in $leads; do
    [[ " $lost " != *" $address "* ]] || { why="it leads to $address, which was given up" && return 1; }
  done
  url=https://$name:$port
  [[ $name != *:* ]] || url=https://[$name]:$port
  why="at $leads no ready API answers"
  [[ $(curl -s --max-time 5 --cacert "$pki/ca.crt" "$url/readyz" 2>/dev/null </dev/null) == ok ]] || return 1
  [[ -s $admin_config ]] || return 0
  why="at $leads another cluster answers, or none that is written to: kube-system/rke-dr-epoch-$epoch isn't there"
  found=$(kube "$url" GET "/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-$epoch") || return 1
  grep -q "\"act\": *$(json "$act")" <<<"$found"
}
