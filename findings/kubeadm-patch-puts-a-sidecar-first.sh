#!/usr/bin/env bash
# A container that a kubeadm patch adds to etcd's static pod becomes its first container
#
# Version:   kubeadm 1.36.3, built from the Go module k8s.io/kubernetes v1.36.3.
# Expected:  a container that a strategic merge patch adds stands behind those that are there, as one that a JSON patch appends does.
# Behaviour: the added container becomes containers[0], before etcd. Etcd keeps its place only if the patch names it, too, before the sidecar.
# Meets:     a sidecar for metrics or backups beside etcd. Whatever takes the first container for etcd then reads the sidecar:
#            `kubectl exec etcd-HOST` and `kubectl logs etcd-HOST` without -c, and scripts that look for --data-dir in containers[0].command.
# Seen:      no patch:                  etcd
#            strategic, sidecar alone:  sidecar etcd
#            strategic, etcd first:     etcd sidecar
#            JSON patch, appended:      etcd sidecar
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

sidecar='{"name": "sidecar", "image": "example.org/sidecar:1"}'
mkdir none alone first appended
printf '{"spec": {"containers": [%s]}}' "$sidecar" >alone/etcd+strategic.json
printf '{"spec": {"containers": [{"name": "etcd"}, %s]}}' "$sidecar" >first/etcd+strategic.json
printf '[{"op": "add", "path": "/spec/containers/-", "value": %s}]' "$sidecar" >appended/etcd+json.json

# containers PATCHES: prints the names of the containers in etcd's manifest as kubeadm writes it with the patches of this folder.
containers() {
  rm -rf dry
  mkdir dry
  cat >kubeadm.yaml <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.1}
nodeRegistration: {name: cp1, criSocket: unix:///run/containerd/containerd.sock}
patches: {directory: $work/$1}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
YAML
  KUBEADM_INIT_DRYRUN_DIR=$work/dry timeout 60 ./kubeadm init phase etcd local --dry-run --config=kubeadm.yaml >out 2>errors ||
    { cat out errors >&2; return 1; }
  # in the list of containers the names stand four spaces in; volumes' stand behind it
  sed -n '/^  containers:/,/^  [a-z]/s/^    name: //p' "$(find dry -name etcd.yaml)" | paste -sd ' '
}
none=$(containers none) alone=$(containers alone) first=$(containers first) appended=$(containers appended)
printf '%-27s%s\n' "no patch:" "$none" "strategic, sidecar alone:" "$alone" "strategic, etcd first:" "$first" "JSON patch, appended:" "$appended"
[[ $none == etcd ]] || { echo "CHANGED: no patch"; exit 1; }
[[ $alone == "sidecar etcd" ]] || { echo "CHANGED: a strategic patch"; exit 1; }
[[ $first == "etcd sidecar" ]] || { echo "CHANGED: a strategic patch that names etcd"; exit 1; }
[[ $appended == "etcd sidecar" ]] || { echo "CHANGED: a JSON patch"; exit 1; }
echo "SEEN: the container that a strategic patch adds comes before etcd"
