# needs: lib/process lib/etcd/data
# leave: takes this host, which has left the topology, out of service: RKE's containers and this program's are stopped, renamed and don't
# start at boot, the containers of its pods are stopped, and etcd's data is moved aside. Nothing is deleted. The deploy host sends this
# step by its own SSH (installers/rke/rke-nodes.sh).
# arguments: PART, "all", or "etcd" for a host that stays and has no part in etcd any more;  STAYING, the topology's addresses, separated
#   by commas. A host with one of them is in the topology under that address, as after a change of its address: then "all" stops nothing.
main() {
  local part=$1 staying=$2 stamp name names=() pods=() all=""
  begin "$@"
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  case $part in
    etcd) names=(etcd etcd-rolling-snapshots) ;;
    all)
      if name=$(own_address_in "$staying"); then
        did "this host is in the topology by its address $name: nothing was stopped"
        finish
        return
      fi
      # the kubelet first: it would start pods and register its Node again
      names=(kubelet rke-dr-guard rke-dr-snapshots kube-proxy nginx-proxy kube-controller-manager kube-scheduler kube-apiserver etcd etcd-rolling-snapshots)
      ;;
    *) die "PART is neither all nor etcd: $part" ;;
  esac
  all=$(process_names) || die "docker: doesn't list its containers; nothing was changed"
  for name in "${names[@]}"; do
    ! grep -qxF "$name" <<<"$all" || set_process_aside "$name" "$name-before-leave-$stamp" 5
  done
  if [[ $part == all ]]; then
    mapfile -t pods < <(pod_list | cut -d '|' -f 1)
    if ((${#pods[@]} > 0)); then
      process_stop 10 "${pods[@]}" || true
      did "${#pods[@]} containers of pods stopped"
    fi
  fi
  member_aside "etcd-data-$stamp"
  did "nothing of ${part/all/the cluster} runs here any more"
  finish
}

# own_address_in ADDRESSES: prints the first of the addresses (separated by commas) that is this host's own; returns 1 if none is.
own_address_in() {
  local address own
  own=$(awk '/32 host LOCAL/ { print last } { last = $2 }' /proc/net/fib_trie)
  for address in ${1//,/ }; do
    if grep -qxF "$address" <<<"$own"; then
      printf '%s' "$address"
      return
    fi
  done
  return 1
}
