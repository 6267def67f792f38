# needs: lib/docker lib/client
# etcd-arguments: recreates this host's voter with the arguments that RKE plans, while the others keep the majority;
# where there are two voters only, writes stop for the restart.
# arguments: CERTIFICATE, the name of this member's;  HEALTH, the URL of its health;  ENDPOINTS, client URLs of all voters
# stdin: the body for Docker's POST /containers/create
main() {
  local certificate=$1 health=$2 endpoints=$3 old=etcd-before-epoch-$epoch
  begin "$@"
  mkdir -p "$aside"
  # only once: a container that RKE made anew since then is not ours to take away
  look "$old"
  local aside_already=$found
  look etcd
  if [[ $aside_already == missing && $found == running ]]; then
    until_true 120 others_suffice || die "etcd: without this voter there would be no majority of healthy ones; nothing was changed: $(tail -n 1 "$aside/etcdctl.log" | cut -c1-300)"
  fi
  if [[ $aside_already == missing && $found != missing ]]; then
    set_container_aside etcd "$old" 10
  fi
  look etcd
  if [[ $found == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$data"
  fi
  docker start etcd >/dev/null </dev/null
  until_true 120 healthy "$health" "$certificate" ||
    die "etcd: not healthy 120 s after its start: $(docker logs --tail 1 etcd 2>&1 </dev/null | cut -c1-300)"
  did "etcd runs with RKE's own arguments, healthy"
  finish
}

others_suffice() {
  local all healthy_ones
  all=$(awk -F, '{print NF}' <<<"$endpoints")
  healthy_ones=$(docker exec -e "ETCDCTL_ENDPOINTS=$endpoints" etcd etcdctl --command-timeout=5s endpoint health 2>&1 </dev/null | tee -a "$aside/etcdctl.log" | grep -c 'is healthy' || true)
  # this one is among them, and won't be for a moment; of two, the other can't be a majority: then writes wait for that moment
  ((healthy_ones - 1 >= (all == 2 ? 1 : all / 2 + 1)))
}
