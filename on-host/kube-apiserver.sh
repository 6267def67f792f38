# kube-apiserver: recreates this host's kube-apiserver with the survivors' --etcd-servers.
# stdin: the body for Docker's POST /containers/create
main() {
  begin "$@"
  if [[ $(container_state kube-apiserver) != missing && $(container_label kube-apiserver rke-dr.epoch) != "$epoch" ]]; then
    # it can't serve while its etcd has no quorum, so its grace period would only be waited for
    set_container_aside kube-apiserver "kube-apiserver-before-epoch-$epoch" 1
  fi
  if [[ $(container_state kube-apiserver) == missing ]]; then
    docker_api POST "/containers/create?name=kube-apiserver" "$data"
  fi
  docker start kube-apiserver >/dev/null </dev/null
  until_true 120 "kube-apiserver" healthy https://127.0.0.1:6443/readyz kube-node ||
    die "kube-apiserver: not ready 120 s after its start: $(docker logs --tail 1 kube-apiserver 2>&1 </dev/null | cut -c1-300)"
  did "kube-apiserver is ready with $(docker inspect --format '{{.Config.Entrypoint}}' kube-apiserver </dev/null | grep -o -- '--etcd-servers=[^ ]*')"
  finish
}
