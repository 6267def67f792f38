# needs: installers/kubeadm/lib/control-plane installers/etcd-unit/lib/etcd
# Names and paths of a host that KubeKey made: its control plane is kubeadm's.
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
pki=/etc/kubernetes/pki made_by=KubeKey node_roles=(control-plane) node_role_value=""
