#!/usr/bin/env bash
# `kubeadm init phase certs` keeps a certificate that was made for another host, and one whose key is another or missing
#
# Version:   kubeadm 1.36.3, built from the Go module k8s.io/kubernetes v1.36.3.
# Expected:  the phase makes what the configuration asks for: an existing certificate is kept if it has the host's names and addresses and
#            fits the key beside it, else the phase fails.
# Behaviour: an existing certificate is checked for its CA and its dates. It is "used" with status 0 if it names another host, if its key
#            belongs to another certificate, and also if there is no key at all ("certificate and key on disk").
# Meets:     /etc/kubernetes/pki copied from a sound host to a host that is rebuilt, and this phase run to make it right: it changes nothing,
#            and etcd's peers refuse the host. The leaves must be deleted first; only the CAs and sa may be copied.
# Seen:      another host's:  status 0, Using existing etcd/server certificate and key on disk, DNS:cp9, IP Address:10.0.0.9
#            another's key:   status 0, Using existing …
#            no key:          status 0, Using existing …, still no key
#            no certificate:  status 0, Generating …, DNS:cp1, DNS:localhost, IP Address:10.0.0.1, …
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
go mod init finding 2>/dev/null
# the module names its staging modules v0.0.0 and replaces them by folders of its repository; published, they are v0.36.3
timeout 300 go mod download k8s.io/kubernetes@v1.36.3
sed -n 's/^\t\(k8s.io\/[a-z-]*\) => .*/\1/p' modules/k8s.io/kubernetes@v1.36.3/go.mod | sort -u | while read -r module; do
  go mod edit -replace="$module=$module@v0.36.3"
done
timeout 300 go get k8s.io/kubernetes@v1.36.3 2>log || { cat log; exit 1; }
version="-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
timeout 1500 go build -ldflags="-s -w $version" -o kubeadm k8s.io/kubernetes/cmd/kubeadm 2>log || { cat log; exit 1; }
./kubeadm version -o short

# configure HOST ADDRESS FOLDER: writes HOST.yaml, with its certificates in FOLDER.
configure() {
  cat >"$1.yaml" <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: $2}
nodeRegistration: {name: $1, criSocket: unix:///run/containerd/containerd.sock}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
certificatesDir: $work/$3
YAML
}
# phase HOST PHASE: runs it and prints how it ended and what it said.
phase() {
  local result=0
  timeout 60 ./kubeadm init phase certs "$2" --config="$1.yaml" >out 2>errors || result=$?
  printf 'status %s, %s' "$result" "$(sed -n 's/^\[certs\] \(Using existing\|Generating\) .*/&/p' out | head -n 1 | cut -d' ' -f2-)"
}
names() { openssl x509 -in pki/etcd/server.crt -noout -ext subjectAltName | sed -n '2s/^ *//p'; }

configure cp1 10.0.0.1 pki
configure cp9 10.0.0.9 copied
phase cp9 etcd-ca >/dev/null
phase cp9 etcd-server >/dev/null
cp -r copied pki
foreign="$(phase cp1 etcd-server), $(names)"
openssl genrsa -out pki/etcd/server.key 2048 2>/dev/null
key=$(phase cp1 etcd-server)
rm pki/etcd/server.key
missing="$(phase cp1 etcd-server), $(test -e pki/etcd/server.key && echo a key || echo still no key)"
rm pki/etcd/server.crt
fresh="$(phase cp1 etcd-server), $(names)"
printf '%-17s%s\n' "another host's:" "$foreign" "another's key:" "$key" "no key:" "$missing" "no certificate:" "$fresh"
kept="status 0, Using existing etcd/server certificate and key on disk"
[[ $foreign == "$kept, DNS:cp9, "*"10.0.0.9"* ]] || { echo "CHANGED: another host's certificate"; exit 1; }
[[ $key == "$kept" ]] || { echo "CHANGED: another certificate's key"; exit 1; }
[[ $missing == "$kept, still no key" ]] || { echo "CHANGED: a missing key"; exit 1; }
[[ $fresh == 'status 0, Generating "etcd/server" certificate and key, DNS:cp1, '*"10.0.0.1"* ]] || { echo "CHANGED: no certificate"; exit 1; }
echo "SEEN: kubeadm keeps an etcd certificate that is another host's, or has no key"
