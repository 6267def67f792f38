# needs: lib/process lib/client
# etcd-arguments: recreates this host's voter with the arguments that RKE plans, while the other voters keep the majority. If there are only
# two voters, writes stop during the restart.
# arguments: CERTIFICATE, the name of this member's certificate;  HEALTH, the URL of its health;  ENDPOINTS, client URLs of all voters,
#   separated by commas
# stdin: the body for process_create
main() {
  local certificate=$1 health=$2 endpoints=$3 old=etcd-before-epoch-$epoch
  begin "$@"
  mkdir -p "$aside"
  # only once: an etcd that is there although the old one is set aside was made by RKE since then, and stays
  process_status "$old"
  local aside_already=$status
  process_status etcd
  if [[ $aside_already == missing && $status == running ]]; then
    until_true 120 others_suffice "$endpoints" || die "etcd: without this voter there would be no majority of healthy ones; nothing was changed: $(tail -n 1 "$aside/etcdctl.log" | cut -c1-300)"
  fi
  if [[ $aside_already == missing && $status != missing ]]; then
    set_process_aside etcd "$old" 10
  fi
  process_status etcd
  if [[ $status == missing ]]; then
    process_create etcd "$data"
  fi
  process_start etcd
  until_true 120 healthy "$health" "$certificate" ||
    die "etcd: not healthy 120 s after its start: $(process_log etcd 1 | cut -c1-300)"
  did "etcd runs with RKE's own arguments, healthy"
  finish
}

# others_suffice ENDPOINTS: true if the healthy voters besides this one are a majority.
others_suffice() {
  local endpoints=$1 all healthy_ones
  all=$(awk -F, '{print NF}' <<<"$endpoints")
  healthy_ones=$(process_etcdctl etcd "$endpoints" --command-timeout=5s endpoint health 2>&1 | tee -a "$aside/etcdctl.log" | grep -c 'is healthy' || true)
  # this voter is among the healthy ones and will be missing for a moment. Of two voters, one can't be a majority: then writes wait for
  # that moment
  ((healthy_ones - 1 >= (all == 2 ? 1 : all / 2 + 1)))
}
