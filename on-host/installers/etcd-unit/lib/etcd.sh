# needs: nothing
# Names and paths of an etcd that is a unit of systemd: they stand in its file of settings, since installers, and releases of one, spell
# certificates' files differently. on-host/installers/rke/host.sh says what each function does.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # not every script reads all of them; the installer's host.sh sets $pki
etcd_settings=/etc/etcd.env
etcd_inside=/var/lib/etcd own_client=etcd api_client=apiserver-kubelet-client etcd_dependents=() installer_program=""

# etcd_setting NAME: prints a value of etcd's file of settings, of several the last one; nothing if it isn't there. Values with a blank are in quotes.
etcd_setting() {
  sed -n -E "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*(.*)$/\1/p" "$etcd_settings" 2>/dev/null | tail -n 1 |
    sed -E "s/[[:space:]]+$//; s/^\"(.*)\"$/\1/; s/^'(.*)'$/\1/"
}
# tls_of etcd: a member's certificate for its peers, which is a client's, too, as etcd needs it to be.
tls_of() {
  if [[ $1 == etcd ]]; then
    tls_ca=$(etcd_setting ETCD_TRUSTED_CA_FILE) tls_cert=$(etcd_setting ETCD_PEER_CERT_FILE) tls_key=$(etcd_setting ETCD_PEER_KEY_FILE)
  else
    tls_ca=$pki/ca.crt tls_cert=$pki/$1.crt tls_key=$pki/$1.key
  fi
}
# an address that stands for all of a host's isn't one by which a client reaches it
own_peer() {
  local url
  url=$(etcd_setting ETCD_LISTEN_PEER_URLS)
  url=${url%%,*}
  url=${url/"//0.0.0.0:"/"//127.0.0.1:"}
  url=${url/"//[::]:"/"//[::1]:"}
  printf '%s' "${url:-https://127.0.0.1:2380}"
}
installer_certificates() {
  local file
  for file in ${pki:+"$pki"/*.crt "$pki"/etcd/*.crt} "$(etcd_setting ETCD_TRUSTED_CA_FILE)" "$(etcd_setting ETCD_CERT_FILE)" \
    "$(etcd_setting ETCD_PEER_CERT_FILE)"; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done | sort -u
}
