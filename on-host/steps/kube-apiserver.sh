# needs: lib/beside lib/docker lib/client
# kube-apiserver: recreates this host's kube-apiserver with the survivors' --etcd-servers.
# stdin: the body for Docker's POST /containers/create
# arguments: [STEP ADDRESS]: the step that recovers this host's etcd meanwhile, and where that etcd will listen
# Beside that step clients lose the API once, not twice. The old container stays until the old etcd is stopped: it has nothing to serve
# from then on. The new one starts when the recovered etcd has opened its port.
main() {
  local recovery=${1:-} address=${2:-} grace=1 old=kube-apiserver-before-epoch-$epoch
  begin "$@"
  if [[ -n $recovery ]]; then
    # without etcd it has nothing to finish
    grace=0
    await "$recovery" marked stopping "$recovery"
    operator=""
  fi
  # only once: a container that RKE made anew since then is not ours to take away
  look "$old"
  local aside_already=$found
  look kube-apiserver
  if [[ $aside_already == missing && $found != missing ]]; then
    # its clients lose their connections either way; a grace period would only be waited for
    set_container_aside kube-apiserver "$old" "$grace"
  fi
  look kube-apiserver
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=kube-apiserver" "$data"
  fi
  if [[ -n $recovery ]]; then
    await "$recovery" marked stopped "$recovery"
    await "$recovery" listening "$address"
  fi
  docker start kube-apiserver >/dev/null </dev/null
  # step first-write waits for this: the API takes writes before it calls itself ready
  new_api_server_is_started
  until_true 120 healthy https://127.0.0.1:6443/readyz kube-node ||
    die "kube-apiserver: not ready 120 s after its start: $(docker logs --tail 1 kube-apiserver 2>&1 </dev/null | cut -c1-300)"
  # what the return guard of a host of the other side is told
  printf '%s\n' "$epoch" >"$state/serves.new" && mv "$state/serves.new" "$state/serves"
  did "kube-apiserver is ready with $(docker inspect --format '{{.Config.Entrypoint}}' kube-apiserver </dev/null | grep -o -- '--etcd-servers=[^ ]*')"
  finish
}

# The port opens before etcd answers: who connects in between waits, and is served first.
listening() { (exec 3<>"/dev/tcp/$1/2379") 2>/dev/null; }
