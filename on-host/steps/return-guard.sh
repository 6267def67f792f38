# needs: lib/process lib/files
# return-guard: installs the return guard on this host (resident/guard-watch.sh describes it), lets it ask once and starts it.
# arguments: on, or hold (the same, with the topology's bootHold), then USER@ADDRESS:PORT of the control plane hosts of the other datacenters; a leading "?" marks a host whose key isn't
#   pinned: the key that it shows the first time is kept.  Or off: the guard's container is removed
# stdin: files, each a line "@@ NAME" and its content: guard-watch.sh, id_ed25519, known_hosts
main() {
  local mode=$1 folder=$state/guard target port address file answers
  begin "$@"
  shift
  process_drop rke-dr-guard >/dev/null 2>&1 || true
  # this start of the guard isn't that of a boot
  touch "${RKE_DR_RUN:-/run}/rke-dr-guard-started"
  rm -f "$folder/hold"
  [[ $mode == hold ]] || let_go "$folder/held"
  if [[ $mode == off ]]; then
    did "no return guard: etcd and the control plane of this host start at boot, whatever the other side has done"
    finish
    return
  fi
  mkdir -p "$folder"
  write_files "$folder" .new <<<"$data"
  for file in guard-watch.sh id_ed25519; do
    [[ -s $folder/$file.new ]] || die "return guard: $file was not given"
    put_new "$folder/$file"
  done
  # keys that were found earlier stay: hosts whose keys aren't pinned are known by them
  touch "$folder/known_hosts" "$folder/known_hosts.new"
  cat "$folder/known_hosts.new" "$folder/known_hosts" | awk 'NF && !seen[$0]++' >"$folder/known_hosts.both"
  mv "$folder/known_hosts.both" "$folder/known_hosts"
  for target in "$@"; do
    port=${target##*:} address=${target%:*} && address=${address##*@}
    if [[ $target == "?"* ]] && ! grep -qF -e "$address " -e "[$address]:$port " "$folder/known_hosts"; then
      ssh-keyscan -T 5 -p "$port" "$address" 2>/dev/null >>"$folder/known_hosts" </dev/null || true
    fi
  done
  printf '%s\n' "${@#\?}" >"$folder/targets"
  answers=$(bash "$folder/guard-watch.sh" --once </dev/null) || die "return guard: it can't ask every control plane host of the other side: $(grep '^- ' <<<"$answers" | sort | paste -sd';' | cut -c1-300)"

  [[ $mode != hold ]] || touch "$folder/hold"
  process_keep_resident rke-dr-guard "$folder/guard-watch.sh" "" --before-others "$([[ $mode == hold ]] && echo 0 || echo 30)"
  until_true 20 watches || die "return guard: it doesn't watch 20 s after its start: $(process_log rke-dr-guard 2 | paste -sd' ' | cut -c1-300)"
  did "the return guard watches; it asks $*$([[ $mode != hold ]] || echo "; at a boot etcd and the control plane wait until one of them answers")"
  finish
}
# let_go HELD: starts what a hold has stopped (the file says it), since nothing waits any more without bootHold.
let_go() {
  local name
  [[ -e $1 ]] || return 0
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    grep -qx "$name" "$1" || continue
    process_status "$name"
    [[ $status == missing ]] || process_start "$name"
  done
  did "etcd and the control plane don't wait any more: bootHold was taken away"
  rm -f "$1"
}
# watches: true if the guard has said that it watches.
watches() { process_log rke-dr-guard 2>/dev/null | grep -q 'return guard watches'; }
