# needs: nothing
# Asks etcd and kube-apiserver with a certificate of this host. CERTIFICATE is always a name in /etc/kubernetes/ssl, without .pem.
# shellcheck shell=bash

# the process whose network namespace questions are asked from; empty: the host's own network
network_of=""
# ask_within [PID]: from now on, all functions here ask from the network namespace of process PID; without PID, from the host's own.
ask_within() { network_of=${1:-}; }
# network_is_gone: true if that process has ended.
network_is_gone() { [[ -n $network_of && ! -e /proc/$network_of ]]; }

# curl_as CERTIFICATE CURL'S ARGUMENT ...
curl_as() {
  local ssl=/etc/kubernetes/ssl
  ${network_of:+nsenter -t "$network_of" -n} curl -sf --cacert "$ssl/kube-ca.pem" --cert "$ssl/$1.pem" --key "$ssl/$1-key.pem" "${@:2}" 2>/dev/null
}

# answer_of URL CERTIFICATE SECONDS [CURL'S OPTION ...]: prints the answer; returns curl's status, 28 if the time limit is over.
answer_of() { curl_as "$2" --max-time "$3" "${@:4}" "$1" </dev/null; }

# healthy URL CERTIFICATE: true if kube-apiserver's or etcd's health at URL is good.
healthy() { answer_of "$1" "$2" 2 | grep -Eq '^ok$|"health": ?"?true'; }
