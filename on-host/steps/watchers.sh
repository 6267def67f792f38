# needs: lib/docker
# watchers: restarts the processes on this host that watch the API: they may hold watches from before the act, and wait for the end of long
# back-off times.
main() {
  local name running=()
  begin "$@"
  for name in kube-controller-manager kube-scheduler kubelet kube-proxy; do
    container_status "$name"
    [[ $status == missing ]] || running+=("$name")
  done
  if ((${#running[@]} > 0)); then
    docker restart -t 2 "${running[@]}" >/dev/null </dev/null
  fi
  did "restarted: ${running[*]-nothing}"
  finish
}
