# needs: lib/process
# control-plane-back: kube-controller-manager and kube-scheduler run again on a host that has returned, by the manifests that kubeadm wrote. Those that
# run already stay as they are.
main() {
  local name
  begin "$@"
  # one stop of the kubelet for both
  runtime_hold
  for name in kube-controller-manager kube-scheduler; do
    process_status "$name"
    if [[ $status == missing ]]; then
      bring_newest_back "$name"
    fi
  done
  runtime_release
  did "kube-controller-manager and kube-scheduler run by kubeadm's own manifests"
  finish
}
