# needs: lib/process lib/etcd/data
# quarantine: takes a returned host's etcd and control plane out of service: their containers are stopped, renamed and don't start at boot,
# and etcd's data is moved aside. Nothing is deleted: certificates and the kubelet's own files stay where they are. Containers that the return guard
# has set aside already stay as they are.
main() {
  local name kept size
  begin "$@"
  mkdir -p "$aside"
  # only once: containers that run here after this step belong to the new epoch
  if [[ ! -e $aside/quarantined ]]; then
    runtime_hold
    for name in kube-apiserver kube-controller-manager kube-scheduler etcd; do
      process_status "$name-before-epoch-$epoch"
      [[ $status == missing ]] || continue
      process_status "$name"
      # a short grace: a member without majority can't finish requests; everything committed is in its WAL
      [[ $status == missing ]] || set_process_aside "$name" "$name-before-epoch-$epoch" 2
    done
    runtime_release
    for name in etcd kube-apiserver; do
      [[ ! -s $aside/$name-before-epoch-$epoch.$kept_as ]] || continue
      kept=$(process_names | grep -E "^$name-before-epoch-[0-9]+\$" | sort -V | tail -n 1 || true)
      [[ -n $kept ]] || continue
      process_keep_description "$kept" "$name-before-epoch-$epoch" "$aside"
      did "container $kept was set aside before"
    done
    member_aside etcd-data
    touch "$aside/quarantined"
  fi
  size=$(du -sb "$aside" | cut -f1)
  fact setAsideBytes "$size"
  did "no etcd and no control plane from before runs here; $size bytes are set aside in $aside"
  finish
}
