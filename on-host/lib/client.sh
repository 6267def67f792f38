# needs: installer
# Asks etcd and kube-apiserver with a certificate of this host. CERTIFICATE is always a name that tls_of takes.
# shellcheck shell=bash

# the process whose network namespace questions are asked from; empty: the host's own network
network_of=""
# ask_within [PID]: from now on, all functions here ask from the network namespace of process PID; without PID, from the host's own.
ask_within() { network_of=${1:-}; }
# network_is_gone: true if that process has ended.
network_is_gone() { [[ -n $network_of && ! -e /proc/$network_of ]]; }

# curl_as CERTIFICATE CURL'S ARGUMENT ...
curl_as() {
  local tls_ca tls_cert tls_key
  tls_of "$1"
  ${network_of:+nsenter -t "$network_of" -n} curl -sf --cacert "$tls_ca" --cert "$tls_cert" --key "$tls_key" "${@:2}" 2>/dev/null
}

# answer_of URL CERTIFICATE SECONDS [CURL'S OPTION ...]: prints the answer; returns curl's status, 28 if the time limit is over.
answer_of() { curl_as "$2" --max-time "$3" "${@:4}" "$1" </dev/null; }

# api_ready: true if this host's kube-apiserver is ready.
api_ready() { healthy "$(own_api)/readyz" "$api_client"; }

# healthy URL CERTIFICATE: true if kube-apiserver's or etcd's health at URL is good.
healthy() { answer_of "$1" "$2" 2 | grep -Eq '^ok$|"health": ?"?true'; }
