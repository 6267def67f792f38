# needs: lib/process
# watchers: restarts the processes on this host that watch the API: they may hold watches from before the act, and wait for the end of long
# back-off times.
main() {
  local name running=()
  begin "$@"
  for name in kube-controller-manager kube-scheduler kubelet kube-proxy; do
    process_status "$name"
    [[ $status == missing ]] || running+=("$name")
  done
  if ((${#running[@]} > 0)); then
    process_restart 2 "${running[@]}"
  elif runtime_restart_watcher; then
    # a kubelet that is no process of its own has been stopped and started for the others already, if there are any
    running+=(kubelet)
  fi
  did "restarted: ${running[*]-nothing}"
  finish
}
