# needs: lib/docker lib/client
# etcd-arguments: recreates this host's voter with the arguments that RKE plans, while the other voters keep the majority. If there are only
# two voters, writes stop during the restart.
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health;  ENDPOINTS, client URLs of all voters,
#   separated by commas
# stdin: the body for Docker's POST /containers/create
main() {
  local certificate=$1 health=$2 endpoints=$3 old=etcd-before-epoch-$epoch
  begin "$@"
  mkdir -p "$aside"
  # only once: a container etcd that is there although the old one is set aside was made by RKE since then, and stays
  container_status "$old"
  local aside_already=$status
  container_status etcd
  if [[ $aside_already == missing && $status == running ]]; then
    until_true 120 others_suffice "$endpoints" || die "etcd: without this voter there would be no majority of healthy ones; nothing was changed: $(tail -n 1 "$aside/etcdctl.log" | cut -c1-300)"
  fi
  if [[ $aside_already == missing && $status != missing ]]; then
    set_container_aside etcd "$old" 10
  fi
  container_status etcd
  if [[ $status == missing ]]; then
    docker_api POST "/containers/create?name=etcd" "$data"
  fi
  docker start etcd >/dev/null </dev/null
  until_true 120 healthy "$health" "$certificate" ||
    die "etcd: not healthy 120 s after its start: $(docker logs --tail 1 etcd 2>&1 </dev/null | cut -c1-300)"
  did "etcd runs with RKE's own arguments, healthy"
  finish
}

# others_suffice ENDPOINTS: true if the healthy voters besides this one are a majority.
others_suffice() {
  local endpoints=$1 all healthy_ones
  all=$(awk -F, '{print NF}' <<<"$endpoints")
  healthy_ones=$(docker exec -e "ETCDCTL_ENDPOINTS=$endpoints" etcd etcdctl --command-timeout=5s endpoint health 2>&1 </dev/null | tee -a "$aside/etcdctl.log" | grep -c 'is healthy' || true)
  # this voter is among the healthy ones and will be missing for a moment. Of two voters, one can't be a majority: then writes wait for
  # that moment
  ((healthy_ones - 1 >= (all == 2 ? 1 : all / 2 + 1)))
}
