#!/usr/bin/env bash
# `kubeadm config migrate` writes a file without the KubeletConfiguration and the KubeProxyConfiguration that stood in it
#
# Version:   kubeadm 1.36.3, built from the Go module k8s.io/kubernetes v1.36.3.
# Expected:  migrate turns a file into the newest form of the same file; what needs no change stays, or a warning names what is left out.
# Behaviour: only kubeadm's own documents are written. The kubelet's and kube-proxy's are gone; exit status 0, nothing on stderr. The new
#            file passes `kubeadm config validate`, and `kubeadm init` with it gives the cluster kubeadm's defaults for both.
# Meets:     a cluster that is rebuilt from its kept configuration by a newer kubeadm: garbage collection of images, eviction, cgroup driver,
#            kube-proxy's mode are silently others than on the lost side.
# Seen:      before: ClusterConfiguration InitConfiguration KubeProxyConfiguration KubeletConfiguration
#            after:  ClusterConfiguration InitConfiguration     status 0, nothing on stderr
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

cat >old.yaml <<'YAML'
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.1}
nodeRegistration: {name: cp1, criSocket: unix:///run/containerd/containerd.sock}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
imageGCHighThresholdPercent: 100
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
YAML
kinds() { sed -n 's/^kind: //p' "$1" | sort | paste -sd' '; }
result=0
timeout 60 ./kubeadm config migrate --old-config=old.yaml --new-config=new.yaml >out 2>errors || result=$?
valid=$(timeout 60 ./kubeadm config validate --config=new.yaml 2>&1)
echo "before: $(kinds old.yaml)"
echo "after:  $(kinds new.yaml)     status $result, $(wc -l <errors) lines on stderr; validate: $valid"
[[ $result == 0 && $(kinds new.yaml) == "ClusterConfiguration InitConfiguration" ]] || { echo "CHANGED: the documents"; exit 1; }
! grep -qi 'kubelet\|kube-\?proxy' out errors || { echo "CHANGED: a message names them"; exit 1; }
echo "SEEN: kubeadm config migrate drops the kubelet's and kube-proxy's configuration"
