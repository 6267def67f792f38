# needs: nothing
# Names and paths of a control plane that kubeadm made, whichever installer ran it, and wherever its etcd is. $pki is kubeadm's certificatesDir;
# on-host/installers/rke/host.sh says what each function does. The kube-apiserver's certificate doesn't name 127.0.0.1.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # not every script reads all of them; the installer's host.sh sets $pki
admin_config=/etc/kubernetes/admin.conf

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
