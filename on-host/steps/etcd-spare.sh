# needs: lib/process lib/files installer
# etcd-spare: prepares a control plane host of a datacenter without etcd: there a failover restores a snapshot, and by then CA and registry may
# be gone. Puts etcd's certificate and key into the installer's folder, and fetches etcd's image. Starts nothing.
# arguments: CERTIFICATE (a name in /etc/kubernetes/ssl), IMAGE
# stdin: files for /etc/kubernetes/ssl, each a line "@@ NAME" and its content
main() {
  local certificate=$1 etcd_image=$2 new name
  begin "$@"
  [[ -s $ssl/kube-ca.pem ]] || die "certificates: $ssl/kube-ca.pem is missing: $made_by hasn't built this host; run \`up\` again once it has"
  # a killed run may have left a folder with a key
  rm -rf "$ssl"/rke-dr.*
  new=$(mktemp -d "$ssl/rke-dr.XXXXXX")
  write_files "$new" <<<"$data"
  if ! cmp -s "$new/kube-ca.pem" "$ssl/kube-ca.pem" && [[ $(tr -d '\n' <"$new/kube-ca.pem") != $(tr -d '\n' <"$ssl/kube-ca.pem") ]]; then
    rm -rf "$new"
    die "certificates: another kube-ca than this host's is refused; nothing was changed"
  fi
  # the key first: a certificate without its key is taken for a whole pair by nobody
  for name in "$certificate-key.pem" "$certificate.pem"; do
    [[ -s $new/$name ]] || die "certificates: $name wasn't given"
    if ! cmp -s "$new/$name" "$ssl/$name"; then
      mv "$new/$name" "$ssl/$name"
      did "$ssl/$name written"
    fi
  done
  rm -rf "$new"
  image_fetch "$etcd_image" || die "docker: image $etcd_image can't be had"
  did "etcd's certificate and image $etcd_image are here: a snapshot can be restored on this host"
  finish
}
