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
  fi
  did "restarted: ${running[*]-nothing}"
  finish
}
