# needs: lib/docker
# watchers: restarts what watches the API on this host: it may hold watches from before, and back-off timers.
main() {
  local name running=()
  begin "$@"
  for name in kube-controller-manager kube-scheduler kubelet kube-proxy; do
    look "$name"
    [[ $found == missing ]] || running+=("$name")
  done
  if ((${#running[@]} > 0)); then
    docker restart -t 2 "${running[@]}" >/dev/null </dev/null
  fi
  did "restarted: ${running[*]-nothing}"
  finish
}
