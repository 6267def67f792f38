# needs: installers/rke/lib/nodes
# Names and paths of a host that RKE made. Each installer's host.sh defines exactly these:
#   variables       made_by           the installer's name
#                   installer_program the program on the deploy host with which an act ends; empty if there is none
#                   etcd_inside       etcd's data folder, /var/lib/etcd on the host, as its own process sees it
#                   own_client        the certificate with which this host asks its own etcd
#                   api_client        the one with which it asks its own kube-apiserver
#                   node_roles, node_role_value   roles that it labels Nodes with, and such a label's value
#                   etcd_dependents   processes that serve if and only if this host's etcd does, and that no step recreates
#   tls_of CERTIFICATE            sets $tls_ca, $tls_cert and $tls_key, the files of a certificate; CERTIFICATE is its name in the installer's own folder
#   own_peer                      prints the peer URL of this host's etcd, as the host reaches it
#   own_api                       prints the URL of this host's kube-apiserver, as its certificate names it
#   admin_tls                     sets the same three for an admin of the cluster, on a deploy host; ends the step if it has none
#   installer_facts               prints lines NAME=VALUE, for facts
#   installer_certificates        prints the paths of certificates, not of keys
#   installer_hosts <STATE        prints a line "ADDRESS INTERNAL-ADDRESS PORT USER NAME ROLES" for each host in the installer's own record, if it keeps one
#   installer_ca                  prints the path of the cluster's CA
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
ssl=/etc/kubernetes/ssl made_by=RKE installer_program=rke
etcd_inside=/var/lib/rancher/etcd own_client=kube-node api_client=kube-node etcd_dependents=()
kube_admin=/etc/rke-dr/certs node_roles=(controlplane etcd worker) node_role_value=true

tls_of() { tls_ca=$ssl/kube-ca.pem tls_cert=$ssl/$1.pem tls_key=$ssl/$1-key.pem; }
own_peer() { printf 'https://127.0.0.1:2380'; }
own_api() { printf 'https://127.0.0.1:6443'; }
admin_tls() { tls_ca=$kube_admin/kube-ca.pem tls_cert=$kube_admin/kube-admin.pem tls_key=$kube_admin/kube-admin-key.pem; }

# the path of `rke`, empty if it isn't on the PATH
installer_facts() { printf 'rke=%s\n' "$(command -v rke)"; }
installer_hosts() { state_nodes; }
installer_ca() { printf '%s' /etc/kubernetes/ssl/kube-ca.pem; }
installer_certificates() {
  local file
  for file in /etc/kubernetes/ssl/*.pem /etc/rke-dr/certs/kube-ca.pem /etc/rke-dr/certs/kube-admin.pem; do
    [[ ! -f $file || $file == *-key.pem ]] || printf '%s\n' "$file"
  done
}
