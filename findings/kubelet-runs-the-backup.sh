#!/usr/bin/env bash
# A backup copy beside etcd.yaml in /etc/kubernetes/manifests restarts etcd at once, and takes back every later edit within 20 seconds
#
# Version:   Go module k8s.io/kubernetes v1.36.3: config.NewSourceFile, by which the kubelet reads staticPodPath, here listing it each 3 s
#            (fileCheckFrequency, 20 s by default).
# Expected:  etcd.yaml.bak is no manifest by its name, or the two are told as a conflict; the copy's content is the same, so nothing happens.
# Behaviour: every file without a leading dot is a manifest, whatever its ending. Of two with one pod name the last by name is taken at each listing,
#            and etcd.yaml.bak comes after etcd.yaml. The path is hashed into the pod's UID, so the same text under another name is another pod,
#            and the running one is replaced. An edit of etcd.yaml is taken as it is written (inotify), and undone by the next listing.
#            Nothing is logged.
# Meets:     `cp etcd.yaml etcd.yaml.bak` before --force-new-cluster is added by hand: etcd restarts before the edit, then with the flag, then without
#            it, and what the operator sees in the file isn't what runs.
# Seen:      etcd.yaml:               ADD etcd:1
#            copied to etcd.yaml.bak: REMOVE etcd:1, ADD etcd:1
#            etcd.yaml edited:        REMOVE etcd:1, ADD etcd:2, REMOVE etcd:2, ADD etcd:1
#            copy removed:            REMOVE etcd:1, ADD etcd:2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir manifests
export CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false" GOMODCACHE=$work/modules GOTOOLCHAIN=local GOWORK=off
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/config"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
)

const period = 3 * time.Second

type observer struct{}

func (observer) ObservedPodOnWatch(*v1.Pod, time.Time) {}

var operations = map[kubetypes.PodOperation]string{kubetypes.ADD: "ADD", kubetypes.REMOVE: "REMOVE", kubetypes.UPDATE: "UPDATE"}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// write puts a manifest in its place as one act, under a name that the kubelet passes over until then.
func write(name, image string) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd, namespace: kube-system}\nspec: {containers: [{name: etcd, image: '" + image + "'}]}\n"
	must(os.WriteFile("manifests/.new", []byte(pod), 0o600))
	must(os.Rename("manifests/.new", "manifests/"+name))
}

func main() {
	pods := config.NewPodConfig(record.NewFakeRecorder(100), observer{})
	go config.NewSourceFile(klog.Background(), "manifests", "cp1", period, pods.Channel(context.Background(), kubetypes.FileSource))
	// told prints what the kubelet is told to do with pods after an act, in the time of three listings.
	told := func(what string, act func()) {
		act()
		var all []string
		for end := time.After(3 * period); end != nil; {
			select {
			case update := <-pods.Updates():
				for _, pod := range update.Pods {
					all = append(all, operations[update.Op]+" "+pod.Spec.Containers[0].Image)
				}
			case <-end:
				end = nil
			}
		}
		fmt.Printf("%-25s%s\n", what+":", strings.Join(all, ", "))
	}
	told("etcd.yaml", func() { write("etcd.yaml", "etcd:1") })
	told("copied to etcd.yaml.bak", func() { write("etcd.yaml.bak", "etcd:1") })
	told("etcd.yaml edited", func() { write("etcd.yaml", "etcd:2") })
	told("copy removed", func() { must(os.Remove("manifests/etcd.yaml.bak")) })
}
GO
go mod init finding 2>/dev/null
# the module names its staging modules v0.0.0 and replaces them by folders of its repository; published, they are v0.36.3
timeout 300 go mod download k8s.io/kubernetes@v1.36.3
sed -n 's/^\t\(k8s.io\/[a-z-]*\) => .*/\1/p' modules/k8s.io/kubernetes@v1.36.3/go.mod | sort -u | while read -r module; do
  go mod edit -replace="$module=$module@v0.36.3"
done
timeout 300 go get k8s.io/kubernetes@v1.36.3 2>log || { cat log; exit 1; }
timeout 1500 go build -ldflags="-s -w" -o finding . 2>log || { cat log; exit 1; }
go list -m k8s.io/kubernetes
seen=$(timeout 120 ./finding 2>log)
echo "$seen"
[[ $seen == "etcd.yaml:               ADD etcd:1
copied to etcd.yaml.bak: REMOVE etcd:1, ADD etcd:1
etcd.yaml edited:        REMOVE etcd:1, ADD etcd:2, REMOVE etcd:2, ADD etcd:1
copy removed:            REMOVE etcd:1, ADD etcd:2" ]] || { echo "CHANGED: another course"; cat log; exit 1; }
echo "lines that the kubelet logs of it: $(grep -c . log || true)"
echo "SEEN: a copy of etcd's manifest in the same folder wins over the manifest"
