# needs: lib/process lib/client
# etcd-servers: recreates this host's kube-apiserver with all members of etcd as its servers, now that they all vote. From the first write until
# then it has the recovered member alone: a learner among its servers would refuse a part of its requests.
# The container that it replaces was made by step kube-apiserver and is set aside, too.
# arguments: SERVERS, the value of --etcd-servers
# stdin: the body for process_create
main() {
  local servers=$1
  begin "$@"
  mkdir -p "$aside"
  # an empty body: it stays as it is, and serves as soon as its own etcd does
  process_status kube-apiserver
  if [[ -n $data && $status != missing ]] && ! has_servers "$servers"; then
    # a short grace: its clients lose their connections anyway
    set_process_aside kube-apiserver "kube-apiserver-before-join-$(date -u +%Y%m%dT%H%M%SZ)" 1
    status=missing
  fi
  if [[ -n $data && $status == missing ]]; then
    process_create kube-apiserver "$data"
  fi
  process_start kube-apiserver
  [[ -n $data ]] || api_ready || process_restart 1 kube-apiserver
  until_true 120 api_ready ||
    die "kube-apiserver: not ready 120 s after its start: $(process_log kube-apiserver 1 | cut -c1-300)"
  did "kube-apiserver is ready with --etcd-servers=$servers"
  finish
}

# has_servers SERVERS: true if kube-apiserver has exactly these etcd servers.
has_servers() { process_command kube-apiserver | grep -qxF -e "--etcd-servers=$1"; }
