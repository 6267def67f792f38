package main

import (
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"rke-dr/stand-ins/images/internal/api"
)

const (
	strategicPatch = "application/strategic-merge-patch+json"
	mergePatch     = "application/merge-patch+json"
	microTime      = "2006-01-02T15:04:05.000000Z"
)

// heartbeat keeps Node and Lease fresh; after a failure it tries again soon, as the kubelet does.
func (k *kubelet) heartbeat() {
	once := &said{}
	for {
		err := k.renew()
		if err != nil {
			once.log("heartbeat: " + err.Error())
			time.Sleep(time.Second)
			continue
		}
		once.log("heartbeat: renewed")
		time.Sleep(beat)
	}
}

func (k *kubelet) renew() error {
	node, err := k.client.Do("GET", "/api/v1/nodes/"+k.node, "", nil)
	if api.NotFound(err) {
		node, err = k.register()
	}
	if err != nil {
		return err
	}
	if _, err := k.client.Do("PATCH", "/api/v1/nodes/"+k.node+"/status", strategicPatch, api.Object{"status": k.status(node)}); err != nil {
		return err
	}
	k.podCIDR.Store(api.Text(node, "spec", "podCIDR"))
	return k.renewLease(api.Text(node, "metadata", "uid"))
}

func (k *kubelet) register() (api.Object, error) {
	labels := api.Object{
		"kubernetes.io/hostname": k.node, "kubernetes.io/os": "linux", "kubernetes.io/arch": runtime.GOARCH,
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": runtime.GOARCH,
	}
	for key, value := range k.labels {
		labels[key] = value
	}
	node := api.Object{"apiVersion": "v1", "kind": "Node", "metadata": api.Object{"name": k.node, "labels": labels}}
	if len(k.taints) > 0 {
		node["spec"] = api.Object{"taints": k.taints}
	}
	return k.client.Do("POST", "/api/v1/nodes", "application/json", node)
}

func (k *kubelet) status(node api.Object) api.Object {
	now := time.Now().UTC().Format(time.RFC3339)
	room := api.Object{"cpu": "2", "memory": "4Gi", "ephemeral-storage": "20Gi", "pods": "110"}
	var conditions []api.Object
	for _, c := range [][4]string{
		{"MemoryPressure", "False", "KubeletHasSufficientMemory", "not measured by the lab's stand-in"},
		{"DiskPressure", "False", "KubeletHasNoDiskPressure", "not measured by the lab's stand-in"},
		{"PIDPressure", "False", "KubeletHasSufficientPID", "not measured by the lab's stand-in"},
		{"Ready", "True", "KubeletReady", "the lab's stand-in for the kubelet runs"},
	} {
		since := now
		if old := condition(node, c[0]); api.Text(old, "status") == c[1] {
			since = api.Text(old, "lastTransitionTime")
		}
		conditions = append(conditions, api.Object{"type": c[0], "status": c[1], "reason": c[2], "message": c[3],
			"lastHeartbeatTime": now, "lastTransitionTime": since})
	}
	return api.Object{
		"conditions":  conditions,
		"capacity":    room,
		"allocatable": room,
		"addresses":   []api.Object{{"type": "InternalIP", "address": k.address}, {"type": "Hostname", "address": k.node}},
		"nodeInfo": api.Object{"kubeletVersion": "v1.20.5", "kubeProxyVersion": "v1.20.5", "operatingSystem": "linux",
			"architecture": runtime.GOARCH, "osImage": "rke-dr lab", "kernelVersion": firstLine("/proc/sys/kernel/osrelease"),
			"containerRuntimeVersion": "docker://20.10", "machineID": firstLine("/host/etc/machine-id"),
			"bootID": firstLine("/proc/sys/kernel/random/boot_id"), "systemUUID": firstLine("/host/etc/machine-id")},
	}
}

func (k *kubelet) renewLease(uid string) error {
	const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
	spec := api.Object{"holderIdentity": k.node, "leaseDurationSeconds": 40, "renewTime": time.Now().UTC().Format(microTime)}
	_, err := k.client.Do("PATCH", leases+"/"+k.node, mergePatch, api.Object{"spec": spec})
	if api.NotFound(err) {
		owner := api.Object{"apiVersion": "v1", "kind": "Node", "name": k.node, "uid": uid}
		_, err = k.client.Do("POST", leases, "application/json", api.Object{
			"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec,
			"metadata": api.Object{"name": k.node, "namespace": "kube-node-lease", "ownerReferences": []api.Object{owner}},
		})
	}
	return err
}

// condition finds an object's condition of a type; nil if it has none.
func condition(object api.Object, kind string) api.Object {
	all, _ := api.At(object, "status", "conditions").([]any)
	for _, one := range all {
		if c, ok := one.(api.Object); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

func hostAddress() string {
	link, err := net.InterfaceByName("eth0")
	if err != nil {
		return "127.0.0.1"
	}
	addresses, _ := link.Addrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return "127.0.0.1"
}

func firstLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
