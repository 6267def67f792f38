# needs: installers/etcd-unit/lib/etcd
# Names and paths of a host with etcd alone: there is no control plane that this program knows of.
# shellcheck shell=bash
# shellcheck disable=SC2034 # not every script reads all of them
pki="" made_by=systemd node_roles=() node_role_value=""

own_api() { :; }
admin_tls() { die "kubeconfig: this cluster is etcd alone: it has no administrator"; }
installer_facts() { :; }
installer_hosts() { :; }
installer_ca() { etcd_setting ETCD_TRUSTED_CA_FILE; }
