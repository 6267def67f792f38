# needs: installers/kubeadm/lib/control-plane
# Names and paths of a host that kubeadm made; on-host/installers/rke/host.sh says what each of them is.
# kubeadm gives etcd's peer certificate both usages, so it serves as a client's, too. The kube-apiserver's certificate doesn't name 127.0.0.1.
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
pki=/etc/kubernetes/pki made_by=kubeadm installer_program="" node_roles=(control-plane) node_role_value=""
etcd_inside=/var/lib/etcd own_client=etcd/peer api_client=apiserver-kubelet-client etcd_dependents=(kube-apiserver)

tls_of() {
  tls_ca=$pki/ca.crt
  [[ $1 != etcd/* ]] || tls_ca=$pki/etcd/ca.crt
  tls_cert=$pki/$1.crt tls_key=$pki/$1.key
}
# its etcd listens for peers on one address
own_peer() {
  local file address=""
  for file in /etc/kubernetes/manifests/etcd.yaml /var/lib/rke-dr/pods/etcd*.yaml; do
    [[ -n $address || ! -e $file ]] || address=$(sed -n 's/^ *- --listen-peer-urls=//p' "$file" | cut -d , -f 1)
  done
  printf '%s' "${address:-https://127.0.0.1:2380}"
}
installer_certificates() {
  local file
  for file in "$pki"/*.crt "$pki"/etcd/*.crt; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done
}
