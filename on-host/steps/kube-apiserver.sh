# needs: lib/beside lib/process lib/client
# kube-apiserver: recreates this host's kube-apiserver with the survivors' --etcd-servers.
# If a step recovers this host's etcd at the same time, clients lose the API once, not twice: the old container runs until the old etcd is
# about to be stopped, since it can't serve anything from then on, and the new one starts as soon as the recovered etcd listens.
# arguments: [STEP ADDRESS]: that step, and the address at which its etcd will listen
# stdin: the body for process_create; nothing if it asks the etcd of its own host alone: then it stays as it is, and only serves again when
#   that etcd does. It has failed without, and the runtime may be waiting before it starts it once more. On a host that has returned it is set
#   aside, and comes back.
main() {
  local recovery=${1:-} address=${2:-} grace=1 old=kube-apiserver-before-epoch-$epoch
  begin "$@"
  if [[ -n $recovery ]]; then
    # no grace: without etcd it can't finish any request
    grace=0
    await "$recovery" marked stopping "$recovery"
    no_way_back
  fi
  if [[ -z $data ]]; then
    unchanged "$recovery" "$address"
    return
  fi
  # only once: a container that is there although the old one is set aside was made by RKE since then, and stays
  process_status "$old"
  local aside_already=$status
  process_status kube-apiserver
  if [[ $aside_already == missing && $status != missing ]]; then
    # a short grace: its clients lose their connections anyway
    set_process_aside kube-apiserver "$old" "$grace"
  fi
  process_status kube-apiserver
  if [[ $status == missing ]]; then
    process_create kube-apiserver "$data"
  fi
  if [[ -n $recovery ]]; then
    await "$recovery" marked stopped "$recovery"
    await "$recovery" listening "$address"
  fi
  process_start kube-apiserver
  mark_serving
  until_true 120 api_ready ||
    die "kube-apiserver: not ready 120 s after its start: $(process_log kube-apiserver 1 | cut -c1-300)"
  serves_epoch
  did "kube-apiserver is ready with $(process_command kube-apiserver | grep -e '^--etcd-servers=')"
  finish
}

# unchanged [STEP ADDRESS]: waits for etcd, if STEP recovers it, and then until kube-apiserver is ready. STEP has ended its old container, so that the
# runtime starts it at once.
unchanged() {
  if [[ -n $1 ]]; then
    await "$1" marked stopped "$1"
    await "$1" listening "$2"
  fi
  mark_serving
  process_status kube-apiserver
  if [[ $status == missing ]]; then
    bring_newest_back kube-apiserver
    until_true 90 api_ready || process_restart 1 kube-apiserver
  else
    until_true 30 api_ready || process_restart 1 kube-apiserver
  fi
  until_true 120 api_ready ||
    die "kube-apiserver: not ready 120 s after it was started anew: $(process_log kube-apiserver 1 | cut -c1-300)"
  serves_epoch
  did "kube-apiserver is as it was and ready, with $(process_command kube-apiserver | grep -e '^--etcd-servers=')"
  finish
}

# listening ADDRESS: true if etcd's client port is open. It opens before etcd serves; a client that connects in between waits, and is served
# first.
listening() { (exec 3<>"/dev/tcp/$1/2379") 2>/dev/null; }
