# kube-apiserver: recreates this host's kube-apiserver with the survivors' --etcd-servers.
# stdin: the body for Docker's POST /containers/create
main() {
  local old=kube-apiserver-before-epoch-$epoch
  begin "$@"
  # only once: a container that RKE made anew since then is not ours to take away
  look "$old"
  local aside_already=$found
  look kube-apiserver
  if [[ $aside_already == missing && $found != missing ]]; then
    # its clients lose their connections either way; a grace period would only be waited for
    set_container_aside kube-apiserver "$old" 1
  fi
  look kube-apiserver
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=kube-apiserver" "$data"
  fi
  docker start kube-apiserver >/dev/null </dev/null
  until_true 120 healthy https://127.0.0.1:6443/readyz kube-node ||
    die "kube-apiserver: not ready 120 s after its start: $(docker logs --tail 1 kube-apiserver 2>&1 </dev/null | cut -c1-300)"
  # what the return guard of a host of the other side is told
  printf '%s\n' "$epoch" >"$state/serves.new" && mv "$state/serves.new" "$state/serves"
  did "kube-apiserver is ready with $(docker inspect --format '{{.Config.Entrypoint}}' kube-apiserver </dev/null | grep -o -- '--etcd-servers=[^ ]*')"
  finish
}
