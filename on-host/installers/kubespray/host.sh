# needs: installers/kubeadm/lib/control-plane installers/etcd-unit/lib/etcd
# Names and paths of a host that kubespray made: its control plane is kubeadm's, with another folder of certificates.
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
pki=/etc/kubernetes/ssl made_by=kubespray node_roles=(control-plane) node_role_value=""
