# needs: lib/process installer
# etcd-aside: stops the etcd of a survivor that isn't the one whose data is recovered, and sets its container aside. It would answer clients and
# peers for a cluster that is given up. Its data stays where it is until step etcd-join moves it aside: until the recovered etcd serves, it may
# be the next best source.
main() {
  local old=etcd-before-epoch-$epoch
  begin "$@"
  mkdir -p "$aside"
  process_status "$old"
  # only once: an etcd that runs here after this step is a member of the recovered cluster
  if [[ $status != missing || -e $aside/stopped-for-good ]]; then
    did "the old etcd is set aside already"
  else
    process_status etcd
    if [[ $status == missing ]]; then
      did "no container etcd is here"
    else
      # a short grace: without quorum etcd can't finish requests; everything committed is in its WAL
      runtime_hold
      set_process_aside etcd "$old" 2
      runtime_release ${etcd_dependents[@]+"${etcd_dependents[@]}"}
    fi
  fi
  touch "$aside/stopped-for-good"
  finish
}
