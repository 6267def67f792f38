# needs: nothing
# Names and paths of a host that kubeadm made; on-host/installers/rke/host.sh says what each of them is.
# kubeadm gives etcd's peer certificate both usages, so it serves as a client's, too. The kube-apiserver's certificate doesn't name 127.0.0.1.
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
pki=/etc/kubernetes/pki made_by=kubeadm
etcd_inside=/var/lib/etcd own_client=etcd/peer api_client=apiserver-kubelet-client etcd_dependents=(kube-apiserver)
admin_config=/etc/kubernetes/admin.conf node_roles=(control-plane) node_role_value=""

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
own_api() {
  local file address=""
  for file in /etc/kubernetes/manifests/kube-apiserver.yaml /var/lib/rke-dr/pods/kube-apiserver*.yaml; do
    [[ -n $address || ! -e $file ]] ||
      address=$(sed -n 's/^ *kubeadm.kubernetes.io\/kube-apiserver.advertise-address.endpoint: *//p' "$file")
  done
  printf 'https://%s' "${address:-127.0.0.1:6443}"
}
# The credentials stand in admin.conf, which kubeadm writes on each control plane host; for curl they are taken out into files that only root reads,
# in memory, until the next boot.
admin_tls() {
  local folder=/run/rke-dr/admin key name
  [[ -s $admin_config ]] || die "kubeconfig: $admin_config is missing on this deploy host: it must be a control plane host that kubeadm made"
  mkdir -p "$folder"
  for name in certificate-authority client-certificate client-key; do
    [[ ! $folder/$name -nt $admin_config ]] || continue
    key=$(sed -n "s/^ *$name-data: *//p" "$admin_config")
    [[ -n $key ]] || die "kubeconfig: $admin_config has no $name-data"
    base64 -d <<<"$key" >"$folder/$name.$$"
    mv "$folder/$name.$$" "$folder/$name"
  done
  tls_ca=$folder/certificate-authority tls_cert=$folder/client-certificate tls_key=$folder/client-key
}

installer_facts() {
  local file name
  [[ ! -s $admin_config ]] || printf 'kubeconfig=%s\n' "$admin_config"
  # a control plane host's own kubelet asks its own kube-apiserver, a worker's the endpoint; the administrator's file has the endpoint
  for file in "$admin_config" /etc/kubernetes/kubelet.conf; do
    name=$(sed -n -E 's#^ *server: *"?https://(\[?[^]"]*\]?):[0-9]+"?.*#\1#p' "$file" 2>/dev/null | head -n 1) || true
    name=${name#[} name=${name%]}
    [[ -n $name ]] || continue
    printf 'endpoint=%s %s\n' "$name" "$(timeout 3 getent ahosts "$name" 2>/dev/null | awk '{ print $1 }' | sort -u | paste -sd' ')"
    return
  done
}
installer_hosts() { :; }
installer_ca() { printf '%s' "$pki/ca.crt"; }
installer_certificates() {
  local file
  for file in "$pki"/*.crt "$pki"/etcd/*.crt; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done
}
